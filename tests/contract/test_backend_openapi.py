"""Whatever the OpenAPI document allows, and what it does not, is answered as it says."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.contract.openapi_cases import all_keep_to_it
from tests.processes import running

KEY = "k" * 40
BUT = ("negative_data_rejection",)  # an object in a query is another parameter, which is ignored

pytestmark = pytest.mark.timeout(300)  # some hundreds of requests, on a machine that may be busy


# Who signs out in the middle is a stranger to the rest.
SIGNS_OUT = ("/api/auth/logout",)
ADMIN = {"login": "ada", "password": "a long enough word"}


@contextmanager
def backend(folder: Path, **settings: str) -> Iterator[str]:
    environment = {
        "PARLEY_SERVICE_KEY": KEY,
        "LIVEKIT_API_KEY": "APItest",
        "LIVEKIT_API_SECRET": "0123456789abcdef0123456789abcdef",
        **settings,
    }
    with running("backend", environment, cwd=folder, health="/health/live") as url:
        yield url


def test_every_operation_keeps_to_the_document_where_nobody_signs_in(tmp_path: Path) -> None:
    with backend(tmp_path) as url:
        all_keep_to_it(url, key=KEY, but=BUT)


def test_every_operation_keeps_to_the_document_for_who_is_signed_in(tmp_path: Path) -> None:
    with backend(tmp_path, BACKEND_AUTH="on") as url:
        made = httpx2.post(f"{url}/api/auth/setup", json=ADMIN)
        assert made.status_code == 201, made.text
        cookie = f"parley_session={made.cookies['parley_session']}"
        # A signed-in person's pages may not ask /internal, whatever else they send along.
        all_keep_to_it(url, cookie=cookie, but=BUT, without=SIGNS_OUT)
        assert httpx2.get(f"{url}/api/me", headers={"Cookie": cookie}).json()["login"] == "ada"


def test_every_operation_keeps_to_the_document_for_a_stranger(tmp_path: Path) -> None:
    with backend(tmp_path, BACKEND_AUTH="on") as url:
        all_keep_to_it(url, but=BUT)
