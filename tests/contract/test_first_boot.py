"""A first boot: the embedded engine answers at every moment, and the better one takes over.

The hub is a stub on loopback, the models are tiny ones of the real architectures.
"""

import os
import signal
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from inference.llm.runners import BUILDS, BUILT
from tests.contract.first_boot import (
    CHATS,
    KOKORO,
    NEMOTRON,
    VOICE,
    coming,
    environment,
    put_chats,
    put_kokoro,
    put_nemotron,
    report,
    serving,
)
from tests.contract.stt_server import EMBEDDED, LIGHT, hear
from tests.contract.tts_server import BYTES_PER_S, ESPEAK, SPEECH, body, say, seconds
from tests.fakes.hub import FakeHub, fake_hub
from tests.processes import ROOT, listening_pid, running, until

LONG = "This is one of many sentences, and it goes on for quite some time. " * 40
SLOW = body(LONG) | {"speed": 0.25}  # more sound than sockets hold: it waits to be read
SLOWLY_S = 0.01  # a block of the hub's: the download lasts some seconds
FIRST_BYTES = 200_000
ANSWERS = 5  # at least, while something downloads
NO_CONNECTION = """
import sys

def tell(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        with open({file!r}, "a") as file:
            print(event, args, file=file)

sys.addaudithook(tell)
"""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    monkeypatch.setattr("tests.fakes.hub.CRAWL_S", 3.0)  # a download that crawls outlasts a test
    with fake_hub() as hub:
        yield hub


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("stt-cache"))


def test_every_word_is_spoken_while_a_better_voice_comes(hub: FakeHub, tmp_path: Path) -> None:
    total = put_kokoro(hub, tmp_path / "made")
    hub.block_delay_s = SLOWLY_S
    with running("inference.tts", environment(hub.url, tmp_path / "models", "tts")) as url:
        seen, spoken = [coming(url)], 0
        while serving(url) != KOKORO:
            assert seconds(say(url, "Good morning.", voice="af_heart")) > 0.3
            spoken += 1
            seen.append(coming(url))
        told = [one for one in seen if one.get("phase") == "downloading" and one["bytes_done"]]
        assert spoken >= ANSWERS
        assert {one["bytes_total"] for one in told} == {total}
        assert [one["bytes_done"] for one in told] == sorted(one["bytes_done"] for one in told)
        assert any(one["bytes_per_s"] for one in told)
        assert coming(url) == {}
        assert seconds(say(url, "Good morning.", voice="af_heart")) > 0.3
    with running("inference.tts", environment("http://127.0.0.1:9", tmp_path / "models", "tts")):
        pass  # all is here: nothing is asked of the hub that is away now


def test_a_speech_under_way_ends_with_the_voice_it_began_with(hub: FakeHub, tmp_path: Path) -> None:
    put_kokoro(hub, tmp_path / "made")
    hub.crawls_from_bytes = FIRST_BYTES
    with running("inference.tts", environment(hub.url, tmp_path / "models", "tts")) as url:
        by_espeak = _slowly(url)
        with httpx2.stream("POST", f"{url}{SPEECH}", json=SLOW, timeout=60) as response:
            chunks = response.iter_bytes()
            heard = len(next(chunks))
            assert serving(url) == ESPEAK
            hub.flows.set()
            until(lambda: serving(url) == KOKORO)
            heard += sum(map(len, chunks))
        assert heard / BYTES_PER_S == pytest.approx(by_espeak, rel=0.01)
        assert _slowly(url) != pytest.approx(by_espeak, rel=0.05)


def _slowly(url: str) -> float:
    return seconds(httpx2.post(f"{url}{SPEECH}", json=SLOW, timeout=60))


def test_ears_get_better_without_a_restart(hub: FakeHub, cache: str, tmp_path: Path) -> None:
    put_nemotron(hub, tmp_path / "made")
    hub.crawls_from_bytes = 1
    settings = environment(hub.url, tmp_path / "models", "stt") | LIGHT | {"STT_CACHE_DIR": cache}
    with running("inference.stt", settings) as url:
        until(lambda: coming(url).get("bytes_done", 0) > 0)
        assert coming(url)["model"] == NEMOTRON
        assert hear(url).json()["text"] == "what time is it"
        assert serving(url) == EMBEDDED
        hub.flows.set()
        until(lambda: serving(url) == NEMOTRON)
        assert hear(url).status_code == 200


@pytest.mark.skipif(
    not any(BUILDS.expanduser().glob(BUILT)), reason="llama-server is not here: `make llama`"
)
def test_the_chat_model_fits_the_machine_and_takes_over(hub: FakeHub, tmp_path: Path) -> None:
    put_chats(hub, tmp_path / "made")
    hub.crawls_from_bytes = FIRST_BYTES
    settings = environment(hub.url, tmp_path / "models", "llm") | {"LLM_THREADS": "1"}
    with running("inference.llm", settings) as url:
        until(lambda: coming(url).get("bytes_done", 0) > 0)
        wanted = coming(url)["model"]
        assert wanted in CHATS
        said = _chat(url, "What is two plus two?")
        assert "four" in said.lower() or "4" in said
        assert "simple things" in said  # the small one says that it stands in
        hub.flows.set()
        until(lambda: serving(url) == wanted)
        assert _chat(url, "What is two plus two?")


def _chat(url: str, text: str) -> str:
    asked = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}]}
    answer = httpx2.post(
        f"{url}/v1/chat/completions",
        json=asked | {"max_tokens": 64},
        headers={"X-Parley-Priority": "live"},
        timeout=60,
    ).json()
    return str(answer["choices"][0]["message"]["content"])


# --- hubs as they are


def test_a_hub_that_is_away_is_asked_again(hub: FakeHub, tmp_path: Path) -> None:
    put_kokoro(hub, tmp_path / "made")
    hub.first_answers = [503] * 4  # as often as one attempt asks
    with running("inference.tts", environment(hub.url, tmp_path / "models", "tts")) as url:
        until(lambda: coming(url).get("phase") == "failed")
        told = coming(url)
        assert told["code"] == "download_hub_unreachable"
        assert "503" in told["reason"]
        assert datetime.fromisoformat(told["again_at"]) > datetime.now(UTC).replace(microsecond=0)
        assert seconds(say(url)) > 1
        until(lambda: serving(url) == KOKORO)
        assert coming(url) == {}


def test_a_line_that_is_cut_goes_on_where_it_was(hub: FakeHub, tmp_path: Path) -> None:
    total = put_kokoro(hub, tmp_path / "made")
    hub.cut_after_bytes[VOICE] = [200_000, 300_000]
    with running("inference.tts", environment(hub.url, tmp_path / "models", "tts")) as url:
        until(lambda: serving(url) == KOKORO)
    assert [one.range is None for one in hub.downloads(VOICE)][:3] == [True, False, False]
    assert sum(hub.served_bytes.values()) <= total


def test_wrong_bytes_never_serve(hub: FakeHub, tmp_path: Path) -> None:
    put_kokoro(hub, tmp_path / "made")
    (files,) = hub.repos.values()
    hub.lies[VOICE] = bytes(len(files[VOICE]))
    with running("inference.tts", environment(hub.url, tmp_path / "models", "tts")) as url:
        until(lambda: coming(url).get("code") == "download_checksum_mismatch")
        again = datetime.fromisoformat(coming(url)["again_at"]) - datetime.now(UTC)
        assert again.total_seconds() > 45  # all of it has to come again
        assert serving(url) == ESPEAK
        assert seconds(say(url)) > 1
        assert not (tmp_path / "models" / KOKORO / VOICE).exists()


def test_a_full_disk_stops_nothing_else(hub: FakeHub, tmp_path: Path) -> None:
    put_kokoro(hub, tmp_path / "made")
    (files,) = hub.repos.values()
    room = len(files[VOICE]) // 2
    small = tmp_path / "python-with-little-room"
    small.write_text(f'#!/bin/sh\nexec prlimit --fsize={room} {sys.executable} "$@"\n')
    small.chmod(small.stat().st_mode | stat.S_IXUSR)
    settings = environment(hub.url, tmp_path / "models", "tts")
    with running("inference.tts", settings, python=str(small)) as url:
        until(lambda: coming(url).get("code") == "download_disk_full")
        assert coming(url)["bytes_done"] > 0
        assert seconds(say(url)) > 1
    with running("inference.tts", settings) as url:  # there is room again
        until(lambda: serving(url) == KOKORO)
    assert hub.downloads(VOICE)[-1].range == f"bytes={room}-"


def test_a_killed_server_goes_on_from_what_came(hub: FakeHub, tmp_path: Path) -> None:
    total = put_kokoro(hub, tmp_path / "made")
    hub.crawls_from_bytes = FIRST_BYTES
    settings = environment(hub.url, tmp_path / "models", "tts")
    with running("inference.tts", settings) as url:
        until(lambda: coming(url).get("bytes_done", 0) >= FIRST_BYTES)
        os.kill(listening_pid(url), signal.SIGKILL)
    kept = sum(path.stat().st_size for path in (tmp_path / "models").rglob("*.part"))
    assert kept >= FIRST_BYTES // 2
    hub.flows.set()
    hub.block_delay_s = SLOWLY_S
    with running("inference.tts", settings) as url:
        until(lambda: coming(url).get("bytes_done", 0) >= kept or serving(url) == KOKORO)
        until(lambda: serving(url) == KOKORO)
    assert hub.downloads(VOICE)[-1].range is not None
    assert sum(hub.served_bytes.values()) < total + FIRST_BYTES


def test_one_downloads_at_a_time_and_ears_come_first(
    hub: FakeHub, cache: str, tmp_path: Path
) -> None:
    put_kokoro(hub, tmp_path / "voice")
    put_nemotron(hub, tmp_path / "ears")
    hub.crawls_from_bytes = 1
    models = tmp_path / "models"
    ears = environment(hub.url, models, "stt") | LIGHT | {"STT_CACHE_DIR": cache}
    with running("inference.tts", environment(hub.url, models, "tts")) as tts:
        until(lambda: coming(tts).get("phase") == "downloading")
        with running("inference.stt", ears) as stt:
            until(lambda: coming(stt).get("phase") == "downloading")
            until(lambda: coming(tts).get("phase") == "waiting")
            assert coming(tts)["bytes_done"] > 0  # kept
            assert seconds(say(tts)) > 1
            hub.flows.set()
            until(lambda: serving(stt) == NEMOTRON)
            until(lambda: serving(tts) == KOKORO)


# --- PARLEY_OFFLINE


@pytest.mark.parametrize("module", ["stt", "tts", "llm"])
def test_offline_nothing_is_connected_to(
    hub: FakeHub, cache: str, tmp_path: Path, module: str
) -> None:
    put_kokoro(hub, tmp_path / "voice")
    put_nemotron(hub, tmp_path / "ears")
    put_chats(hub, tmp_path / "chats")
    tried = tmp_path / "connections"
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(NO_CONNECTION.format(file=str(tried)))
    settings = environment(hub.url, tmp_path / "models", module) | {
        "PARLEY_OFFLINE": "1",
        "PYTHONPATH": f"{hook}:{ROOT}",
        **(LIGHT | {"STT_CACHE_DIR": cache} if module == "stt" else {}),
    }
    with running(f"inference.{module}", settings) as url:
        told = report(url)
        if module != "llm" or "to be fetched" in " ".join(told["model"]["choice"]):
            assert (told["coming"]["phase"], told["coming"]["reason"]) == (
                "offline",
                "offline: not fetched",
            )
            refused = httpx2.post(f"{url}/v1/models/{told['coming']['model']}/load")
            assert refused.status_code == 202  # begun, and then told why not
            until(lambda: "PARLEY_OFFLINE" in str(report(url)["model"]["failed"]))
        else:
            assert told["coming"] is None  # nothing here runs a chat model
    assert hub.seen == []
    assert not tried.exists(), tried.read_text()
