"""One public web page as text, within bounds of time and size, from public addresses only."""

import asyncio
import json
import re
import sys
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpcore2
from httpx2 import URL, InvalidURL

from chassis.http import tls_context
from livekit_agent.tools.addresses import PORTS, PublicOnly, Refused
from livekit_agent.tools.contract import ToolFailure

MAX_BYTES = 1_000_000
MAX_HOPS = 3
MAX_URL_CHARS = 2000
MAX_TEXT_CHARS = 8000  # of one page; the fence cuts what the LLM sees
FETCH_S = 5.0  # all hops together
EXTRACT_S = 4.0  # an ordinary page takes 0.3 s of CPU, five times that on a busy machine
READS_AT_ONCE = 2  # of one call
HOST = re.compile(rb"[a-z0-9_.-]{1,253}|[0-9a-f:.]{2,45}")  # a name, an IPv6 address
REDIRECTS = frozenset({301, 302, 303, 307, 308})
HTML = "text/html"
TYPES = frozenset({HTML, "text/plain", "application/json"})
EXTRACTOR = Path(__file__).with_name("page_text.py")
HEADERS: dict[bytes | str, bytes | str] = {
    "user-agent": "Mozilla/5.0 (compatible; Parley; reads one page for its user)",
    "accept": "text/html,text/plain;q=0.9,application/json;q=0.8",
    "accept-encoding": "gzip, identity",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page that was read: where it was found in the end, and its text as strangers wrote it."""

    url: str
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Body:
    url: URL
    kind: str
    charset: str | None  # where the server says
    data: bytes


class PageReader:
    """Reads pages of the public web. `backend` decides where connections go."""

    def __init__(self, backend: httpcore2.AsyncNetworkBackend | None = None) -> None:
        self._backend = backend or PublicOnly()
        self._slots = asyncio.Semaphore(READS_AT_ONCE)

    async def read(self, address: URL) -> Page:
        """The page at `address`, as `parse` made it. Raises ToolFailure."""
        try:
            async with self._slots, asyncio.timeout(FETCH_S):
                body = await self._fetch(address)
        except Refused as exc:  # by the backend, on the way to a connection
            raise _not_allowed(str(exc)) from exc
        except (TimeoutError, httpcore2.TimeoutException) as exc:
            raise ToolFailure("too_slow", "the page did not come in time") from exc
        except (httpcore2.NetworkError, httpcore2.ProtocolError, zlib.error) as exc:
            raise ToolFailure("unreachable", "the page cannot be fetched") from exc
        data = body.data
        if body.kind != HTML:
            text = data.decode(body.charset or "utf-8", errors="replace")
            return Page(url=str(body.url), title="", text=text[:MAX_TEXT_CHARS])
        if body.charset:
            data = data.decode(body.charset, errors="replace").encode("utf-8", errors="replace")
        async with self._slots:
            title, text = await _text_of(data)
        return Page(url=str(body.url), title=title, text=text)

    async def _fetch(self, url: URL) -> _Body:
        async with httpcore2.AsyncConnectionPool(
            ssl_context=tls_context(), network_backend=self._backend, max_keepalive_connections=0
        ) as pool:
            for _ in range(MAX_HOPS + 1):
                asked = httpcore2.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                )
                headers = HEADERS | {"host": url.netloc.decode("ascii")}
                async with pool.stream("GET", asked, headers=headers) as response:
                    known = {k.lower().decode(): v.decode("latin-1") for k, v in response.headers}
                    if response.status in REDIRECTS and "location" in known:
                        url = _checked(known["location"], url)
                        continue
                    return await _body_of(url, response.status, known, response.aiter_stream())
        raise ToolFailure("too_many_redirects", "the page only leads from one place to another")


def parse(address: str) -> URL:
    """A web page's address; https where no scheme is given. Raises ToolFailure for any other."""
    text = address.strip()
    return _checked(text if "://" in text else f"https://{text}", URL())


def _checked(text: str, base: URL) -> URL:
    try:
        url = base.join(text[: MAX_URL_CHARS + 1]).copy_with(fragment=None)
    except (InvalidURL, UnicodeError) as exc:
        raise _not_allowed("that is not the address of a page") from exc
    if len(text) > MAX_URL_CHARS:
        raise _not_allowed("that address is too long")
    if url.scheme not in ("http", "https"):
        raise _not_allowed("only web pages are read")
    if not HOST.fullmatch(url.raw_host):
        raise _not_allowed("that is not the name of a site")
    if url.userinfo:
        raise _not_allowed("addresses with a password are not read")
    if url.port is not None and url.port not in PORTS:
        raise _not_allowed("only the web's own ports are read")
    return url


def _not_allowed(reason: str) -> ToolFailure:
    return ToolFailure("not_allowed", reason)


async def _body_of(
    url: URL, status: int, headers: dict[str, str], chunks: AsyncIterator[bytes]
) -> _Body:
    kind, _, parameters = headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    if status != 200:
        raise ToolFailure("page_error", f"the page answered with status {status}")
    if kind not in TYPES:
        raise ToolFailure("not_text", "that is no page of text")
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "x-gzip"):
        raise ToolFailure("not_text", "the page is packed in a way I cannot read")
    data = await _bounded(chunks, packed="gzip" in encoding)
    return _Body(url=url, kind=kind, charset=_charset(parameters), data=data)


async def _bounded(chunks: AsyncIterator[bytes], *, packed: bool) -> bytes:
    """The first MAX_BYTES, unpacked piece by piece: a small bomb stays small."""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16) if packed else None
    data, received = bytearray(), 0
    async for chunk in chunks:
        received += len(chunk)
        room = MAX_BYTES - len(data)
        data += unpacker.decompress(chunk, room) if unpacker else chunk[:room]
        if len(data) >= MAX_BYTES or received >= MAX_BYTES:
            break
    return bytes(data)


def _charset(parameters: str) -> str | None:
    """The one declared, if there is such a one."""
    name = parameters.lower().partition("charset=")[2].partition(";")[0].strip("\"' ")
    try:
        b"ab".decode(name)  # nothing at all would be decoded by any name
    except (LookupError, UnicodeError, ValueError):
        return None
    return name


async def _text_of(html: bytes) -> tuple[str, str]:
    """Title and text. Raises ToolFailure."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(EXTRACTOR),
        str(MAX_TEXT_CHARS),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"LANG": "C.UTF-8"},  # it reads what strangers wrote: it knows nothing of ours
    )
    try:
        async with asyncio.timeout(EXTRACT_S):
            answer, _ = await process.communicate(html)
    except TimeoutError as exc:
        raise ToolFailure("not_readable", "the page is too tangled to read") from exc
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise ToolFailure("not_readable", "the page is too tangled to read")
    parsed = json.loads(answer)
    return parsed["title"], parsed["text"]
