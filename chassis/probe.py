"""Asks addresses whether they are well: the health check of a container, without shell or curl.

`python -m chassis.probe http://127.0.0.1:8080/health/ready` exits 0 on 200, else 1 and says why.
It runs every few seconds beside the service, so it imports next to nothing: a tenth of what an HTTP
library takes to start.
"""

import socket
import sys

ANSWER_WITHIN_S = 5.0
SAID_CHARS = 500


def probe(url: str) -> str | None:
    """What is wrong with `url`, as http://host:port/path; None: it answered 200."""
    authority, _, path = url.removeprefix("http://").partition("/")
    host, _, port = authority.rpartition(":")
    try:
        status, said = _ask(host, int(port), f"/{path}")
    except (OSError, ValueError) as exc:
        return f"{url}: {exc}"
    return None if status == "200" else f"{url} answered {status}: {said[:SAID_CHARS]}"


def _ask(host: str, port: int, path: str) -> tuple[str, str]:
    """Status and body. Raises OSError; ValueError for what is no HTTP."""
    with socket.create_connection((host, port), timeout=ANSWER_WITHIN_S) as peer:
        peer.sendall(f"GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode())
        with peer.makefile("rb") as answer:
            head, _, body = answer.read().decode(errors="replace").partition("\r\n\r\n")
    version, _, rest = head.partition(" ")
    if not version.startswith("HTTP/"):
        raise ValueError("no HTTP answer")
    return rest[:3], body


def main(arguments: list[str]) -> int:
    """The exit status, after what is wrong with the first address that is not well."""
    for url in arguments:
        if (problem := probe(url)) is not None:
            sys.stderr.write(f"{problem}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
