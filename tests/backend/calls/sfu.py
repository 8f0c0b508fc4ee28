"""An SFU's rooms, for tests."""

import asyncio

from backend.rooms.watcher_sfu import NotThere, SfuFailed


class FakeSfu:
    """Has the rooms `open`; fails while `down`."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.asked = 0
        self.down = False
        self.closed = asyncio.Event()

    async def rooms(self) -> list[str]:
        self.asked += 1
        if self.down:
            raise SfuFailed("down")
        return list(self.open)

    async def close_room(self, room: str) -> None:
        if room not in self.open:
            raise NotThere(room)
        self.open.remove(room)
        self.closed.set()
