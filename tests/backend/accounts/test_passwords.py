import asyncio
import threading

import pytest
from argon2 import PasswordHasher

from backend.accounts import passwords
from backend.accounts.passwords import MAX_WAITING, NOBODYS, SLOTS, Passwords, check_rules
from chassis.errors import InvalidRequest, Unavailable


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password_too_short"),
        ("x" * 257, "password_too_long"),
        ("Anna@example.org", "password_is_login"),
        ("Password123", "password_common"),
    ],
)
def test_a_bad_password_is_refused_with_the_reason(password: str, code: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_rules(password, "anna@example.org")
    assert refused.value.error_code == code
    assert refused.value.details is not None
    assert list(refused.value.details["fields"]) == ["password"]


@pytest.mark.parametrize("password", ["correct horse", "ééééééééééé", "🐴🔋 staple ok", "x" * 256])
def test_any_other_password_is_fine(password: str) -> None:
    check_rules(password, "anna")


async def test_a_password_matches_its_own_hash_only() -> None:
    hasher = Passwords()
    hashed = await hasher.hash("correct horse")
    assert hashed.startswith("$argon2id$")
    assert await hasher.matches("correct horse", hashed)
    assert not await hasher.matches("incorrect horse", hashed)
    assert not await hasher.matches("correct horse", None)
    assert not await hasher.matches("correct horse", "not a hash")


async def test_an_accented_letter_is_the_same_on_every_keyboard() -> None:
    hasher = Passwords()
    assert await hasher.matches("cafe\u0301 cre\u0300me", await hasher.hash("café crème"))


async def test_a_hash_of_weaker_parameters_is_outdated() -> None:
    hasher = Passwords()
    assert hasher.is_outdated(PasswordHasher(time_cost=1, memory_cost=8_192).hash("correct horse"))
    assert not hasher.is_outdated(await hasher.hash("correct horse"))


def test_an_unknown_login_costs_what_a_known_one_does() -> None:
    assert not Passwords().is_outdated(NOBODYS)


async def test_a_flood_is_refused_instead_of_kept_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    may_end = threading.Event()
    running = threading.Semaphore(0)

    def slow(*_: object) -> bool:
        running.release()
        return may_end.wait(30)

    monkeypatch.setattr(passwords.Passwords, "_verify", slow)
    hasher = Passwords()
    tasks = [asyncio.create_task(hasher.matches("a", "b")) for _ in range(SLOTS + MAX_WAITING)]
    for _ in range(SLOTS):
        assert await asyncio.to_thread(running.acquire, timeout=10)
    with pytest.raises(Unavailable) as refused:
        await hasher.matches("a", "b")
    assert (refused.value.error_code, refused.value.retry_after_s) == ("busy", 2.0)
    assert not running.acquire(blocking=False)  # no more at a time than there are slots
    may_end.set()
    assert await asyncio.gather(*tasks) == [True] * len(tasks)
