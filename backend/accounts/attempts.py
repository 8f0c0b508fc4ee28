"""How often somebody may try: per address and per login, whether that login exists or not."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError
from pydantic import SecretStr

from backend.accounts.address import counted_as
from backend.limits import limits_storage
from chassis.errors import RateLimited, Unavailable

WRONG_IN_A_ROW = 10
LOCKED_MINUTES = 15
LOGINS_BY_ADDRESS = RateLimitItemPerMinute(20)  # a household behind one address, all at once
SIGN_UPS_BY_ADDRESS = RateLimitItemPerHour(20)
WRONG_FOR_LOGIN = RateLimitItemPerMinute(WRONG_IN_A_ROW, LOCKED_MINUTES)


class Attempts:
    """Counts in `limits_url`. Raises RateLimited, or Unavailable when nothing can be counted."""

    def __init__(self, limits_url: SecretStr) -> None:
        self._limiter = MovingWindowRateLimiter(limits_storage(limits_url))

    async def login_from(self, address: str) -> None:
        await self._take(LOGINS_BY_ADDRESS, "login", counted_as(address))

    async def sign_up_from(self, address: str) -> None:
        await self._take(SIGN_UPS_BY_ADDRESS, "sign-up", counted_as(address))

    async def wrong_password(self, folded_login: str) -> None:
        """Count one. A known user's lock-out is kept in the row: this makes strangers' alike."""
        with _said_when_down():
            await self._limiter.hit(WRONG_FOR_LOGIN, "wrong", _hashed(folded_login))

    async def check_login(self, folded_login: str) -> None:
        """Raises RateLimited after WRONG_IN_A_ROW wrong passwords."""
        names = ("wrong", _hashed(folded_login))
        with _said_when_down():
            if not await self._limiter.test(WRONG_FOR_LOGIN, *names):
                await self._refuse(WRONG_FOR_LOGIN, names)

    async def right_password(self, folded_login: str) -> None:
        with _said_when_down():
            await self._limiter.clear(WRONG_FOR_LOGIN, "wrong", _hashed(folded_login))

    async def _take(self, limit: RateLimitItem, *names: str) -> None:
        with _said_when_down():
            if not await self._limiter.hit(limit, *names):
                await self._refuse(limit, names)

    async def _refuse(self, limit: RateLimitItem, names: tuple[str, ...]) -> None:
        window = await self._limiter.get_window_stats(limit, *names)
        raise too_many(window.reset_time - time.time())


def too_many(wait_s: float) -> RateLimited:
    return RateLimited(
        "too many attempts: wait before the next", code="too_many_attempts", retry_after_s=wait_s
    )


def _hashed(login: str) -> str:
    """Of a fixed length, whatever was sent."""
    return sha256(login.encode("utf-8", "replace")).hexdigest()


@contextmanager
def _said_when_down() -> Iterator[None]:
    try:
        yield
    except StorageError as exc:
        raise Unavailable(
            "attempts cannot be counted now", code="limits_unavailable", retry_after_s=1.0
        ) from exc
