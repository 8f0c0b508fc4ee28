"""Who waits for a line: first come, first served; who stops asking loses the place."""

import time

RETRY_S = 2.0
PLACE_S = 3.5 * RETRY_S  # one lost answer is forgiven
MAX_WAITING = 1_000

Key = tuple[str, str]  # of a user, and of one waiting page


class Queue:
    """Places of this process. Whoever asks again keeps the place; the first ones go."""

    def __init__(self) -> None:
        self._asked_at_s: dict[Key, float] = {}  # in the order they came

    def __len__(self) -> int:
        return len(self._asked_at_s)

    def places_of(self, user_id: str) -> int:
        self._let_go()
        return sum(user == user_id for user, _ in self._asked_at_s)

    def holds(self, key: Key) -> bool:
        return key in self._asked_at_s

    def ask(self, key: Key, free: int | None) -> int | None:
        """The place, from 1, or None: go. `free`: lines; None: as many as are asked for."""
        self._let_go()
        keys = list(self._asked_at_s)
        ahead = keys.index(key) if key in self._asked_at_s else len(keys)
        if free is None or ahead < free:
            self._asked_at_s.pop(key, None)
            return None
        if key in self._asked_at_s or len(keys) < MAX_WAITING:
            self._asked_at_s[key] = time.monotonic()
        return ahead + 1

    def _let_go(self) -> None:
        oldest_s = time.monotonic() - PLACE_S
        gone = [key for key, asked_at_s in self._asked_at_s.items() if asked_at_s < oldest_s]
        for key in gone:
            del self._asked_at_s[key]
