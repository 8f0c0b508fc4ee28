"""How long a caller has been waiting for sound, what for, and whether they were told to wait."""

import asyncio
import contextlib
from typing import Literal

# What they wait for: the transcript of what they said, or the reply to it.
Phase = Literal["hearing", "thinking"]


class Silence:
    """Set going when speech ends, ended by the first sound of the reply or more speech."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._phase: Phase = "hearing"
        self._told = False
        self._changed = asyncio.Event()

    def begins(self) -> None:
        """The caller has spoken and now waits."""
        if self._since is None:
            self._since = _now()
            self._told = False
            self._phase = "hearing"
            self._change()

    def turn_taken(self) -> None:
        """Their words are known; a reply is being made."""
        self.begins()
        self._phase = "thinking"
        self._change()

    def ends(self) -> None:
        """They hear something, or speak themselves."""
        self._since = None
        self._change()

    def reply_over(self) -> None:
        """Nothing is being thought of any more, heard or not: the next silence is another one."""
        if self._phase == "thinking":
            self.ends()

    @property
    def is_waiting(self) -> bool:
        """Whether the caller waits for sound now."""
        return self._since is not None

    async def over(self) -> None:
        """Returns when nobody waits."""
        while self.is_waiting:
            await self._changed.wait()

    def told(self) -> bool:
        """Claim the right to ask for patience: true once a silence."""
        if self._told or self._since is None:
            return False
        self._told = True
        return True

    async def lasts(self, seconds: float, phase: Phase) -> None:
        """Returns when the caller has been waiting that long, now for `phase`, and was not told."""
        while True:
            left_s: float | None = None
            if self._since is not None and self._phase == phase and not self._told:
                left_s = self._since + seconds - _now()
                if left_s <= 0:
                    return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._changed.wait()

    def _change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _now() -> float:
    return asyncio.get_running_loop().time()
