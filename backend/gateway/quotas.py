"""How much a key may use: requests a minute, audio and tokens a day (UTC)."""

import math
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from limits import RateLimitItemPerMinute
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError
from pydantic import SecretStr

from backend.data.db import Database
from backend.gateway.keychain import KnownKey
from backend.gateway.usage import Used, today, used_today
from backend.limits import limits_storage
from chassis.errors import RateLimited, Unavailable

AUDIO, TOKENS = "audio_minutes_per_day", "tokens_per_day"
OF_SERVICE = {"stt": AUDIO, "tts": AUDIO, "llm": TOKENS}
MS_PER_MINUTE = 60_000
COUNTED_S = 2 * 86_400  # a day's counter is asked for no longer than its day
MAX_SEEDED = 10_000


class Quotas:
    """Counts in `url`: this process's memory, or the Redis that several backends share."""

    def __init__(self, url: SecretStr, database: Database) -> None:
        self._storage = limits_storage(url)
        self._limiter = FixedWindowRateLimiter(self._storage)
        self._database = database
        self._seeded: OrderedDict[tuple[str, str], None] = OrderedDict()  # key and day

    async def admit(self, key: KnownKey, service: str) -> None:
        """Count a request that begins. Raises RateLimited naming the quota that is used up, and
        Unavailable when nothing can be counted. What has an end of its own is never cut."""
        await self.check_day(key, service)
        with _said_when_down():
            await self._take_minute(key)

    async def check_day(self, key: KnownKey, service: str) -> None:
        """Raises RateLimited when the day's quota is used up, Unavailable as `admit`."""
        with _said_when_down():
            await self._check_day(key, service)

    async def count(self, key: KnownKey, service: str, used: Used) -> None:
        """Add what a request used. Raises Unavailable when nothing can be counted."""
        name = OF_SERVICE[service]
        amount = _amounts(used)[name]
        if amount and _limit(key, name) is not None:
            with _said_when_down():
                await self._storage.incr(_counter(name, key.id, today()), COUNTED_S, amount)

    async def _check_day(self, key: KnownKey, service: str) -> None:
        name = OF_SERVICE[service]
        limit = _limit(key, name)
        if limit is None:
            return
        day = today()
        if (key.id, day) not in self._seeded:
            await self._seed(key.id, day)
        most = limit * MS_PER_MINUTE if name == AUDIO else limit
        if await self._storage.get(_counter(name, key.id, day)) >= most:
            raise _over(name, limit, _midnight())

    async def _take_minute(self, key: KnownKey) -> None:
        limit = key.requests_per_minute
        if limit is None:
            return
        item = RateLimitItemPerMinute(limit, namespace="gateway")
        if await self._limiter.hit(item, key.id):
            return
        window = await self._limiter.get_window_stats(item, key.id)
        raise _over("requests_per_minute", limit, datetime.fromtimestamp(window.reset_time, UTC))

    async def _seed(self, key_id: str, day: str) -> None:
        """After a restart memory knows nothing of the day: the usage table does."""
        async with self._database.reading() as session:
            amounts = _amounts(await used_today(session, key_id))
        for name, amount in amounts.items():
            counter = _counter(name, key_id, day)
            if amount and await self._storage.get(counter) == 0:
                await self._storage.incr(counter, COUNTED_S, amount)
        self._seeded[key_id, day] = None
        while len(self._seeded) > MAX_SEEDED:
            self._seeded.popitem(last=False)


def _limit(key: KnownKey, name: str) -> float | None:
    return key.audio_minutes_per_day if name == AUDIO else key.tokens_per_day


def _amounts(used: Used) -> dict[str, int]:
    return {AUDIO: math.ceil(used.audio_s * 1000), TOKENS: used.tokens}


def _counter(name: str, key_id: str, day: str) -> str:
    return f"gateway/{name}/{key_id}/{day}"


def _midnight() -> datetime:
    now = datetime.now(UTC)
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _over(quota: str, limit: float, resets_at: datetime) -> RateLimited:
    return RateLimited(
        f"the quota {quota} of this key, {limit:g}, is used up",
        code="quota_exceeded",
        retry_after_s=max(1.0, resets_at.timestamp() - time.time()),
        details={
            "quota": quota,
            "limit": limit,
            "resets_at": resets_at.isoformat(timespec="seconds"),
        },
    )


@contextmanager
def _said_when_down() -> Iterator[None]:
    """A quota that cannot be counted is not granted."""
    try:
        yield
    except StorageError as exc:
        raise Unavailable(
            "quotas cannot be counted now", code="limits_unavailable", retry_after_s=1.0
        ) from exc
