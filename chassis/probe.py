"""Asks one address whether it is well: the health check of a container, where no shell or curl is.

`python -m chassis.probe http://127.0.0.1:8080/health/ready` exits 0 on 200, else 1 and says why.
Standard library only: it runs every few seconds beside the service, and must cost next to nothing.
"""

import sys
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

ANSWER_WITHIN_S = 5.0
SAID_CHARS = 300


def probe(url: str) -> str | None:
    """What is wrong with `url`; None: it answered 200."""
    try:
        # No proxy of the environment: the address is this container's own.
        with build_opener(ProxyHandler({})).open(url, timeout=ANSWER_WITHIN_S) as answer:
            return None if answer.status == 200 else f"{url} answered {answer.status}"
    except HTTPError as exc:
        said = exc.read(SAID_CHARS).decode(errors="replace")
        return f"{url} answered {exc.code}: {said}"
    except (URLError, HTTPException, OSError, ValueError) as exc:
        return f"{url}: {exc}"


def main(arguments: list[str]) -> int:
    """The exit status, after what is wrong with the first address that is not well."""
    for url in arguments:
        if (problem := probe(url)) is not None:
            sys.stderr.write(f"{problem}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
