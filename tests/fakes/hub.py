"""A hub on loopback: as much of its HTTP as a download asks for, and every way it can fail."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

LARGE_BYTES = 10_000  # from here on the hub tells a sha256, below it git's id
CRAWL_S = 0.2
BLOCK_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that came."""

    method: str
    path: str
    range: str | None
    authorization: str | None


@dataclass
class FakeHub:
    """What the hub holds, how it misbehaves, and what it saw."""

    url: str = ""
    repos: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refusals: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)  # by repository
    first_answers: list[int] = field(default_factory=list)  # statuses of the next requests
    cut_after_bytes: dict[str, list[int]] = field(default_factory=dict)  # by file, one a request
    listed: dict[str, dict[str, Any]] = field(default_factory=dict)  # by file: odd metadata
    lies: dict[str, bytes] = field(default_factory=dict)  # by file: what is sent instead
    ignores_ranges: bool = False
    block_delay_s: float = 0.0
    crawls_from_bytes: int | None = None  # of a file, while `flows` is clear
    flows: threading.Event = field(default_factory=threading.Event)
    storage_url: str | None = None  # large files are redirected there
    seen: list[Seen] = field(default_factory=list)
    served_bytes: dict[str, int] = field(default_factory=dict)

    def commit(self, repo: str) -> str:
        digest = hashlib.sha1(usedforsecurity=False)
        for name, content in sorted(self.repos[repo].items()):
            digest.update(name.encode() + content)
        return digest.hexdigest()

    def downloads(self, name: str) -> list[Seen]:
        return [one for one in self.seen if one.path.endswith(f"/{name}") and one.method == "GET"]


@contextmanager
def fake_hub() -> Iterator[FakeHub]:
    """Runs until the block ends."""
    hub = FakeHub()

    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, *args: Any) -> None:
        pass

    def _answer(self, *, with_body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.seen.append(
            Seen(self.command, path, self.headers["range"], self.headers["authorization"])
        )
        parts = path.strip("/").split("/")
        repo = "/".join(parts[2:4]) if parts[0] == "api" else "/".join(parts[:2])
        if self.hub.first_answers:
            self._send(self.hub.first_answers.pop(0), {"content-length": "0"})
        elif repo in self.hub.refusals:
            status, headers = self.hub.refusals[repo]
            self._send(status, {**headers, "content-length": "0"})
        elif repo not in self.hub.repos:
            self._send(404, {"x-error-code": "RepoNotFound", "content-length": "0"})
        elif parts[0] == "api":
            self._api(repo, revision=parts[-1])
        else:
            self._file(repo, "/".join(parts[4:]), with_body=with_body)

    def _api(self, repo: str, revision: str) -> None:
        if revision not in ("main", self.hub.commit(repo)):
            self._send(404, {"x-error-code": "RevisionNotFound", "content-length": "0"})
            return
        siblings = [
            _sibling(name, content) | self.hub.listed.get(name, {})
            for name, content in self.hub.repos[repo].items()
        ]
        body = {"id": repo, "sha": self.hub.commit(repo), "siblings": siblings}
        content = json.dumps(body).encode()
        self._send(200, {"content-type": "application/json", "content-length": str(len(content))})
        self.wfile.write(content)

    def _file(self, repo: str, name: str, *, with_body: bool) -> None:
        whole = self.hub.repos[repo].get(name)
        if whole is None:
            self._send(404, {"x-error-code": "EntryNotFound", "content-length": "0"})
            return
        if self.hub.storage_url and len(whole) >= LARGE_BYTES:
            location = f"{self.hub.storage_url}{self.path}"
            self._send(302, {"location": location, "content-length": "0"})
            return
        content = self.hub.lies.get(name, whole)
        at = 0
        asked = self.headers["range"]
        headers = {"etag": f'"{_sibling(name, whole)["blobId"]}"'}
        headers["x-repo-commit"] = self.hub.commit(repo)
        if asked and not self.hub.ignores_ranges:
            at = int(asked.removeprefix("bytes=").partition("-")[0])
            headers["content-range"] = f"bytes {at}-{len(content) - 1}/{len(content)}"
        headers["content-length"] = str(len(content) - at)
        self._send(206 if "content-range" in headers else 200, headers)
        if with_body:
            self._body(name, content[at:])

    def _body(self, name: str, content: bytes) -> None:
        cuts = self.hub.cut_after_bytes.get(name, [])
        end = cuts.pop(0) if cuts else len(content)
        for start in range(0, min(end, len(content)), BLOCK_BYTES):
            block = content[start : min(start + BLOCK_BYTES, end)]
            try:
                self.wfile.write(block)
            except OSError:  # the client went away
                self.close_connection = True
                return
            served = self.hub.served_bytes.get(name, 0)
            self.hub.served_bytes[name] = served + len(block)
            time.sleep(self.hub.block_delay_s)
            if self.hub.crawls_from_bytes and served >= self.hub.crawls_from_bytes:
                self.hub.flows.wait(CRAWL_S)
        self.close_connection = end < len(content)

    def _send(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()


def _sibling(name: str, content: bytes) -> dict[str, Any]:
    header = b"blob %d\0" % len(content)
    blob_id = hashlib.sha1(header + content, usedforsecurity=False).hexdigest()
    sibling: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": blob_id}
    if len(content) >= LARGE_BYTES:
        digest = hashlib.sha256(content).hexdigest()
        sibling["lfs"] = {"sha256": digest, "size": len(content), "pointerSize": 134}
    return sibling
