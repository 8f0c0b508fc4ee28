"""A page is fetched from where anybody may look, and from nowhere else."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

import psutil
import pytest

from livekit_agent.tools.addresses import PublicOnly, is_public
from livekit_agent.tools.contract import ToolFailure
from livekit_agent.tools.fetch import MAX_BYTES, MAX_TEXT_CHARS, PageReader, parse
from tests.livekit_agent.tools.web import SITE, Names, packed, redirect, reply, web

ARTICLE = (
    "<html><head><title>Kiwis &amp; co</title><script>alert(1)</script></head><body>"
    "<nav>Menu</nav><article><h1>Kiwis</h1><p>The kiwi is a small bird that cannot fly, and it"
    " lives in New Zealand. It is about the size of a hen.</p></article></body></html>"
)
PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.8",
    "192.88.99.1",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "2002:7f00:1::",
    "2002:808:808::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "100::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1111%eth0",
    "fec0::1",
    "ff02::1",
]


async def failure(reading: Any) -> str:
    with pytest.raises(ToolFailure) as told:
        await reading
    return told.value.code


async def read(address: str, reader: PageReader) -> Any:
    return await reader.read(parse(address))


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_of_somebodys_own_network_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", SITE, "2606:4700:4700::1111", "64:ff9b::808:808", "2a00:1450::1"]
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", PRIVATE)
async def test_a_name_that_leads_inside_is_not_followed(address: str) -> None:
    async with web(lambda *_: reply("secret"), {"inside.test": [(address,)]}) as net:
        reader = PageReader(net.public())
        assert await failure(read("http://inside.test/", reader)) == "not_allowed"
        assert net.connected == []


async def test_one_inside_address_among_public_ones_spoils_the_name() -> None:
    async with web(lambda *_: reply("x"), {"mixed.test": [(SITE, "127.0.0.1")]}) as net:
        reader = PageReader(net.public())
        assert await failure(read("http://mixed.test/", reader)) == "not_allowed"


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "gopher://a.test/",
        "javascript:alert(1)",
        "ftp://a.test/x",
        "data:text/html,x",
        "http://a.test:6379/",
        "http://a.test:22/",
        "http://user:pass@a.test/",
        "http://user@a.test/",
        "http://a.test\\@b.test/",
        "http://a test/",
        "http:///x",
        "",
        "://",
        "http://" + "a" * 3000 + ".test",
        "http://[fe80::1%25eth0]/",
    ],
)
def test_what_is_no_plain_address_of_a_page_is_refused_at_once(address: str) -> None:
    with pytest.raises(ToolFailure) as told:
        parse(address)
    assert told.value.code == "not_allowed"


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://127。0。0。1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost/",
        "http://localhost./",
        "http://redis/",
        "http://./",
    ],
)
async def test_inside_addresses_are_refused_however_they_are_spelled(address: str) -> None:
    async with web(lambda *_: reply("secret")) as net:
        assert await failure(read(address, PageReader(net.public()))) == "not_allowed"
        assert net.connected == []


async def test_the_reader_as_shipped_does_not_reach_this_machine() -> None:
    async with web(lambda *_: reply("secret")):
        for name in ("http://127.0.0.1/", "http://localhost.localdomain/", "http://[::1]:80/"):
            assert await failure(read(name, PageReader())) in ("not_allowed", "unreachable")


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/",
        "//[::1]/",
        "http://inside.test/",
        "https://a.test:8443/",
        "file:///etc/passwd",
        "http://user:x@a.test/",
        "gopher://127.0.0.1:6379/_x",
    ],
)
async def test_a_redirect_leads_no_further_inside_than_an_address(target: str) -> None:
    names: Names = {"inside.test": [("10.0.0.1",)]}
    async with web(lambda *_: redirect(target), names) as net:
        reader = PageReader(net.public())
        assert await failure(read("http://a.test/", reader)) == "not_allowed"
        assert set(net.connected) == {SITE}


async def test_a_name_that_changes_its_mind_is_connected_to_where_it_was_checked() -> None:
    """Rebinding: public when it is looked at, loopback ever after."""
    names: Names = {"rebind.test": [(SITE,), ("127.0.0.1",)]}
    async with web(lambda *_: reply(ARTICLE), names) as net:
        reader = PageReader(net.public())
        assert "kiwi" in (await read("http://rebind.test/", reader)).text
        assert (net.asked, net.connected) == (["rebind.test"], [SITE])
        assert await failure(read("http://rebind.test/", reader)) == "not_allowed"
        assert net.connected == [SITE]


async def test_each_hop_of_a_redirect_is_resolved_and_checked_anew() -> None:
    def answer(path: str, _: dict[str, str]) -> Iterable[bytes | float]:
        return redirect("http://rebind.test/again") if path == "/" else reply(ARTICLE)

    async with web(answer, {"rebind.test": [(SITE,), ("10.0.0.1",)]}) as net:
        reader = PageReader(net.public())
        assert await failure(read("http://rebind.test/", reader)) == "not_allowed"


async def test_three_redirects_are_followed_and_four_are_not() -> None:
    def answer(path: str, _: dict[str, str]) -> Iterable[bytes | float]:
        left = int(path.strip("/"))
        return redirect(f"/{left - 1}") if left else reply(ARTICLE)

    async with web(answer) as net:
        reader = PageReader(net.public())
        assert (await read("http://a.test/3", reader)).url == "http://a.test/0"
        assert await failure(read("http://a.test/4", reader)) == "too_many_redirects"


async def test_the_site_is_asked_by_its_name_and_told_nothing_of_ours() -> None:
    seen: dict[str, str] = {}

    def answer(_: str, headers: dict[str, str]) -> Iterable[bytes | float]:
        seen.update(headers)
        return reply(ARTICLE)

    async with web(answer) as net:
        await read("http://a.test/page#part", PageReader(net.public()))
    assert seen["host"] == "a.test"
    assert not {"cookie", "authorization", "referer"} & set(seen)


async def test_the_text_of_a_page_comes_without_scripts_and_menus() -> None:
    async with web(lambda *_: reply(ARTICLE)) as net:
        page = await read("http://a.test/", PageReader(net.public()))
    assert page.title == "Kiwis & co"
    assert "cannot fly" in page.text
    assert "alert" not in page.text
    assert "<" not in page.text


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("text/plain", b"line one\nline two", "line two"),
        ("text/plain; charset=iso-8859-1", "café".encode("latin-1"), "café"),
        ("text/plain; charset=nonsense", b"caf\xff", "caf"),
        ("application/json", b'{"a": 1}', '{"a": 1}'),
        ("Text/HTML; Charset=ISO-8859-1", "<p>Le café est prêt.</p>".encode("latin-1"), "prêt"),
    ],
)
async def test_text_and_json_are_read_in_their_own_encoding(
    kind: str, body: bytes, expected: str
) -> None:
    async with web(lambda *_: reply(body, kind=kind)) as net:
        assert expected in (await read("http://a.test/", PageReader(net.public()))).text


@pytest.mark.parametrize("kind", ["image/png", "application/pdf", "application/octet-stream", ""])
async def test_what_is_not_text_is_not_read(kind: str) -> None:
    async with web(lambda *_: reply(b"\x89PNG", kind=kind)) as net:
        assert await failure(read("http://a.test/", PageReader(net.public()))) == "not_text"


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops", "401 Unauthorized", "204 None"])
async def test_an_error_page_is_an_error(status: str) -> None:
    async with web(lambda *_: reply("x", status=status)) as net:
        assert await failure(read("http://a.test/", PageReader(net.public()))) == "page_error"


async def test_an_endless_page_is_cut() -> None:
    def answer(*_: Any) -> Iterable[bytes | float]:
        yield b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
        while True:
            yield b"word " * 4000

    async with web(answer) as net:
        page = await read("http://a.test/", PageReader(net.public()))
    assert len(page.text) == MAX_TEXT_CHARS


async def test_a_gzip_bomb_stays_small() -> None:
    bomb = packed(b"word " * 40_000_000)  # 200 MB in 200 kB
    headers = {"Content-Encoding": "gzip"}
    before = psutil.Process().memory_info().rss
    async with web(lambda *_: reply(bomb, kind="text/plain", headers=headers)) as net:
        page = await read("http://a.test/", PageReader(net.public()))
    assert page.text.startswith("word")
    assert psutil.Process().memory_info().rss - before < 30 * MAX_BYTES


async def test_packed_pages_are_read_and_broken_ones_told_of() -> None:
    headers = {"Content-Encoding": "gzip"}
    async with web(lambda *_: reply(packed(ARTICLE.encode()), headers=headers)) as net:
        assert "kiwi" in (await read("http://a.test/", PageReader(net.public()))).text
    async with web(lambda *_: reply(b"not gzip", headers=headers)) as net:
        assert await failure(read("http://a.test/", PageReader(net.public()))) == "unreachable"
    headers = {"Content-Encoding": "br"}
    async with web(lambda *_: reply(b"?", headers=headers)) as net:
        assert await failure(read("http://a.test/", PageReader(net.public()))) == "not_text"


@pytest.mark.parametrize(
    "pieces",
    [
        [60.0],
        [b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nab", 60.0],
        [b"HTTP/1.1 100 Continue\r\n\r\n", 60.0],
    ],
)
async def test_a_page_that_stalls_is_given_up(
    pieces: list[bytes | float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livekit_agent.tools.fetch.FETCH_S", 0.3)
    async with web(lambda *_: pieces) as net:
        assert await failure(read("http://a.test/", PageReader(net.public()))) == "too_slow"


async def test_a_page_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livekit_agent.tools.fetch.FETCH_S", 0.5)

    def answer(*_: Any) -> Iterable[bytes | float]:
        yield b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
        while True:
            yield b"x"
            yield 0.05

    async with web(answer) as net:
        assert await failure(read("http://a.test/", PageReader(net.public()))) == "too_slow"


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [b"garbage\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99\r\n\r\ncut"],
        [b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000],
    ],
)
async def test_a_broken_answer_is_told_of(pieces: list[bytes | float]) -> None:
    async with web(lambda *_: pieces) as net:
        assert await failure(read("http://a.test/", PageReader(net.public()))) == "unreachable"


async def test_a_name_nobody_knows_is_unreachable() -> None:
    async def unknown(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    reader = PageReader(PublicOnly(unknown))
    assert await failure(read("http://nowhere.test/", reader)) == "unreachable"


async def test_the_second_address_of_a_site_is_tried_when_the_first_is_down() -> None:
    async with web(lambda *_: reply(ARTICLE), {"two.test": [("8.8.4.4", SITE)]}) as net:
        net.down.add("8.8.4.4")
        assert (await read("http://two.test/", PageReader(net.public()))).text


async def test_a_hostile_page_costs_a_bounded_time_and_no_memory_of_ours() -> None:
    tangle = "<html><body>" + "<table><tr><td><p>word word" * 40_000
    before, began = psutil.Process().memory_info().rss, time.monotonic()
    async with web(lambda *_: reply(tangle)) as net:
        with suppress(ToolFailure):  # slow machines give it up, fast ones read it
            await read("http://a.test/", PageReader(net.public()))
    assert time.monotonic() - began < 15  # a guard against hanging, not a measurement
    assert psutil.Process().memory_info().rss - before < 30 * MAX_BYTES
    assert not [c for c in psutil.Process().children() if "page_text" in " ".join(c.cmdline())]


async def test_a_tangle_that_takes_too_long_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livekit_agent.tools.fetch.EXTRACT_S", 0.01)
    async with web(lambda *_: reply(ARTICLE)) as net:
        assert await failure(read("http://a.test/", PageReader(net.public()))) == "not_readable"
    assert not [c for c in psutil.Process().children() if "page_text" in " ".join(c.cmdline())]


async def test_a_cancelled_reading_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    started = asyncio.Event()
    start = asyncio.create_subprocess_exec

    async def noted(*args: Any, **kwargs: Any) -> Any:
        process = await start(*args, **kwargs)
        started.set()
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noted)
    async with web(lambda *_: reply(ARTICLE)) as net:
        reading = asyncio.create_task(read("http://a.test/", PageReader(net.public())))
        async with asyncio.timeout(30):
            await started.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert not [c for c in psutil.Process().children() if "page_text" in " ".join(c.cmdline())]
