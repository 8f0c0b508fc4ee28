"""Passwords: which are good enough, and their argon2id hashes, made and checked off the loop."""

import unicodedata
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import anyio
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from chassis.errors import InvalidRequest, Unavailable

MIN_CHARS = 10
MAX_CHARS = 256
PARAMETERS = RFC_9106_LOW_MEMORY  # RFC 9106's choice for where 2 GiB a hash are not to be had
SLOTS = 2  # of 64 MiB each: a flood of logins takes 128 MiB
MAX_WAITING = 16  # at 0.1 to 0.3 s a hash the last one waits 2 s
BUSY_RETRY_S = 2.0
# Ten characters or more, from the lists of what is tried first. Shorter ones are refused anyway.
_COMMON = """
    0123456789 0987654321 1111111111 1122334455 123123123123 1234567890 12345678901 123456789a
    1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc 9876543210 abcdefghij abcd123456 adminadmin administrator
    asdfghjkl1 asdfghjkl; azertyuiop basketball bonjour123 changeme123 iloveyou12 iloveyou123
    letmein123 mot2passe! motdepasse motdepasse1 parley1234 parleyparley passw0rd123 password01
    password11 password12 password123 password1234 password12345 passwordpassword princess123
    q1w2e3r4t5 qazwsxedcrfv qwerty1234 qwerty12345 qwertyuiop qwertyuiop123 qwerty123456 sunshine12
    superman12 welcome123 welcome1234 zaq12wsxcde3
"""
COMMON = frozenset(_COMMON.split())
# Of a password nobody has: an unknown login must cost what a known one does.
NOBODYS = (
    "$argon2id$v=19$m=65536,t=3,p=4$7ZstMU9tVSMse7keQVzBJQ"
    "$TCG7mAwhjw3i0YvSjQO8EbbzdYMnL1c8lDtXnh8d/fw"
)

T = TypeVar("T")


def check_rules(password: str, login: str, *, param: str = "password") -> None:
    """Raises InvalidRequest saying what is wrong with a new password."""
    if len(password) < MIN_CHARS:
        problem = f"use {MIN_CHARS} characters or more"
        code = "password_too_short"
    elif len(password) > MAX_CHARS:
        problem = f"use {MAX_CHARS} characters or fewer"
        code = "password_too_long"
    elif password.casefold() == login.casefold():
        problem = "it must not be the login"
        code = "password_is_login"
    elif password.casefold() in COMMON:
        problem = "it is one of the first that are guessed"
        code = "password_common"
    else:
        return
    details = {"fields": {param: problem}}
    raise InvalidRequest(f"{param}: {problem}", param=param, code=code, details=details)


class Passwords:
    """Hashes, a few at a time. Raises Unavailable when too many wait."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher.from_parameters(PARAMETERS)
        self._slots = anyio.CapacityLimiter(SLOTS)

    async def hash(self, password: str) -> str:
        return await self._run(partial(self._hasher.hash, _normal(password)))

    async def matches(self, password: str, hashed: str | None) -> bool:
        """`hashed` None: no such user, found out no sooner than a wrong password."""
        same = await self._run(partial(self._verify, password, hashed or NOBODYS))
        return same and hashed is not None

    def is_outdated(self, hashed: str) -> bool:
        """Made with other parameters than today's."""
        return self._hasher.check_needs_rehash(hashed)

    def _verify(self, password: str, hashed: str) -> bool:
        try:
            return self._hasher.verify(hashed, _normal(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._slots.statistics().tasks_waiting >= MAX_WAITING:
            raise Unavailable(
                "too many people sign in right now", code="busy", retry_after_s=BUSY_RETRY_S
            )
        # Not abandoned on cancel: a slot is free when its thread ends.
        return await anyio.to_thread.run_sync(work, limiter=self._slots)


def _normal(password: str) -> str:
    """Keyboards spell an accented letter in two ways."""
    return unicodedata.normalize("NFKC", password)
