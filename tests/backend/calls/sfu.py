"""An SFU's rooms, for tests."""

import asyncio

from backend.rooms.watcher_sfu import NotThere, SfuFailed


class FakeSfu:
    """Has `rooms`; fails while `down`."""

    def __init__(self) -> None:
        self.rooms: list[str] = []
        self.asked = 0
        self.down = False
        self.closed = asyncio.Event()

    async def open_rooms(self) -> list[str]:
        self.asked += 1
        if self.down:
            raise SfuFailed("down")
        return list(self.rooms)

    async def close_room(self, room: str) -> None:
        if room not in self.rooms:
            raise NotThere(room)
        self.rooms.remove(room)
        self.closed.set()
