"""Quotas of a key, counted truly, in memory; and what was used, by day."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from backend.data.db import Database
from backend.gateway import keys, usage
from backend.gateway.keychain import KnownKey
from backend.gateway.quotas import Quotas
from backend.gateway.schema import NewApiKey
from backend.gateway.usage import Ledger, Used
from chassis.errors import RateLimited, Unavailable
from tests.backend.gateway.upstream import Upstream
from tests.contract.gateway_server import Gateway, bearer
from tests.contract.stt_server import refused
from tests.processes import until

MEMORY = SecretStr("async+memory://")
KEY = KnownKey(
    id="one",
    user_id="local",
    scopes=frozenset({"llm"}),
    requests_per_minute=None,
    audio_minutes_per_day=None,
    tokens_per_day=None,
    expires_at=None,
)
CHAT = "/v1/chat/completions"


async def test_requests_are_counted_by_the_minute(database: Database) -> None:
    quotas, key = Quotas(MEMORY, database), replace(KEY, requests_per_minute=3)
    for _ in range(3):
        await quotas.admit(key, "llm")
    with pytest.raises(RateLimited) as over:
        await quotas.admit(key, "llm")
    assert over.value.error_code == "quota_exceeded"
    assert over.value.details is not None
    assert (over.value.details["quota"], over.value.details["limit"]) == ("requests_per_minute", 3)
    resets_at = datetime.fromisoformat(over.value.details["resets_at"])
    assert timedelta(0) < resets_at - datetime.now(UTC) <= timedelta(minutes=1)
    await quotas.admit(replace(key, id="another"), "llm")


@pytest.mark.parametrize(
    ("limits", "service", "used"),
    [
        ({"tokens_per_day": 100}, "llm", Used(tokens=60)),
        ({"audio_minutes_per_day": 0.5}, "stt", Used(audio_s=18)),
        ({"audio_minutes_per_day": 0.5}, "tts", Used(audio_s=18)),
    ],
)
async def test_what_runs_is_finished_and_the_next_is_refused(
    database: Database, limits: dict[str, Any], service: str, used: Used
) -> None:
    quotas, key = Quotas(MEMORY, database), replace(KEY, **limits)
    for _ in range(2):
        await quotas.admit(key, service)
        await quotas.count(key, service, used)
    with pytest.raises(RateLimited) as over:
        await quotas.admit(key, service)
    assert over.value.details is not None
    assert [over.value.details["quota"]] == list(limits)
    other = "tts" if service == "llm" else "llm"
    await quotas.admit(key, other)


async def test_hearing_and_speaking_share_their_minutes(database: Database) -> None:
    quotas, key = Quotas(MEMORY, database), replace(KEY, audio_minutes_per_day=1)
    await quotas.count(key, "stt", Used(audio_s=30))
    await quotas.count(key, "tts", Used(audio_s=30))
    with pytest.raises(RateLimited):
        await quotas.admit(key, "stt")


async def test_a_restart_forgets_no_quota(database: Database) -> None:
    key_id = await _made(database)
    async with Ledger(database) as ledger:
        ledger.add("local", key_id, "llm", Used(tokens=100), requests=1)
    quotas, key = Quotas(MEMORY, database), replace(KEY, id=key_id, tokens_per_day=100)
    with pytest.raises(RateLimited):
        await quotas.admit(key, "llm")


async def test_a_quota_that_cannot_be_counted_is_not_granted(database: Database) -> None:
    quotas = Quotas(SecretStr("async+redis://127.0.0.1:9"), database)
    with pytest.raises(Unavailable) as away:
        await quotas.admit(replace(KEY, requests_per_minute=1), "llm")
    assert away.value.error_code == "limits_unavailable"
    await quotas.admit(KEY, "llm")


async def test_what_was_used_is_added_up_by_day_key_and_service(database: Database) -> None:
    key_id = await _made(database)
    async with Ledger(database) as ledger:
        for _ in range(3):
            ledger.add("local", key_id, "llm", Used(tokens=5), requests=1)
        await ledger.write()
        ledger.add("local", key_id, "llm", Used(tokens=5), requests=1)
        ledger.add("local", "", "tts", Used(audio_s=1.5, characters=9), requests=1)
        ledger.add("nobody", "", "tts", Used(audio_s=1.5), requests=1)
    async with database.reading() as session:
        rows = await usage.usage_of(session, "local", 1)
        (listed,) = await keys.keys_of(session, "local")
        assert await usage.usage_of(session, "nobody", 1) == []
    told = [(r.key_id, r.key_name, r.service, r.requests, r.tokens, r.audio_s) for r in rows]
    assert told == [(None, None, "tts", 1, 0, 1.5), (key_id, "mine", "llm", 4, 20, 0.0)]
    assert listed.last_used_at is not None


async def test_what_cannot_be_written_is_written_later(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(database)
    ledger.add("local", "", "llm", Used(tokens=5), requests=1)

    def away() -> None:
        raise Unavailable("scripted")

    with monkeypatch.context() as patched:
        patched.setattr(database, "writing", away)
        await ledger.write()
    ledger.add("local", "", "llm", Used(tokens=5), requests=1)
    await ledger.write()
    async with database.reading() as session:
        (row,) = await usage.usage_of(session, "local", 1)
    assert (row.requests, row.tokens) == (2, 10)


def test_a_key_over_its_quota_is_told_when_it_may_again(gateway: Gateway) -> None:
    made = gateway.make_key("llm", tokens_per_day=150)
    for _ in range(2):  # of 100 tokens each
        answer = httpx2.post(f"{gateway.url}{CHAT}", json={}, headers=bearer(made["key"]))
        assert answer.status_code == 200
    response = httpx2.post(f"{gateway.url}{CHAT}", json={}, headers=bearer(made["key"]))
    error = refused(response, 429)
    assert (error["type"], error["code"]) == ("rate_limit_error", "quota_exceeded")
    assert error["details"]["quota"] == "tokens_per_day"
    assert 1 <= int(response.headers["retry-after"]) <= 86_400
    assert gateway.used(made["id"], "llm")["tokens"] == 200


def test_a_running_stream_over_its_quota_is_finished(gateway: Gateway, upstream: Upstream) -> None:
    made = gateway.make_key("llm", tokens_per_day=1)
    url, headers = f"{gateway.url}{CHAT}?do=wait", bearer(made["key"])
    with httpx2.stream("POST", url, json={}, headers=headers) as first:
        pieces = first.iter_bytes()
        next(pieces)
        with httpx2.stream("POST", url, json={}, headers=headers) as second:
            upstream.go_on.set()
            second.read()
        until(lambda: gateway.used(made["id"], "llm").get("tokens", 0) > 1, 10)
        assert b"".join(pieces)
    assert httpx2.post(url, json={}, headers=headers).status_code == 429


async def _made(database: Database) -> str:
    async with database.writing() as session:
        asked = NewApiKey(name="mine", scopes=["llm"])
        row, _ = await keys.make_key(session, "local", asked, datetime.now(UTC))
        return row.id
