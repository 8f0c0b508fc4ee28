"""Requests made up from a server's OpenAPI document, and whether the answers keep to it."""

from typing import Any

import httpx2
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok

ERROR = {"message", "type", "param", "code", "details", "request_id"}
HEALTH = ("/health/ready", "/metrics")  # of the chassis: their answers are documented there

load_all_checks()
EXCLUDED = (
    "not_a_server_error",  # 503 is an honest answer; checked below
    "positive_data_acceptance",  # what has the right type may still mean nothing
)
BOUNDED = settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def all_keep_to_it(
    url: str,
    *,
    key: str | None = None,
    cookie: str | None = None,
    but: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
) -> None:
    """Every operation, with what it allows and with what it does not. `key`: the server's;
    `cookie`: of somebody who is signed in; `but`: checks that do not hold for this server by
    intent; `without`: paths not to be asked."""
    how: dict[str, Any] = {"excluded_checks": CHECKS.get_by_names([*EXCLUDED, *but])}
    given_headers = {"Authorization": f"Bearer {key}" if key else None, "Cookie": cookie}
    how["headers"] = {name: value for name, value in given_headers.items() if value is not None}
    raw = _document(url, has_key=key is not None)
    raw["paths"] = {path: ways for path, ways in raw["paths"].items() if path not in without}
    document = schemathesis.openapi.from_dict(raw)
    tried = set()
    for found in document.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        # A path that takes nothing can be asked in one way only.
        takes_nothing = not list(operation.iter_parameters()) and not operation.body
        modes = [GenerationMode.POSITIVE] if takes_nothing else list(GenerationMode)
        for mode in modes:

            @BOUNDED
            @given(case=operation.as_strategy(generation_mode=mode))
            def keeps_to_it(case: Any) -> None:
                tried.add(case.operation.path)
                _is_answered_as_documented(case, base_url=url, **how)

            keeps_to_it()
    assert len(tried) == len(document.raw_schema["paths"])


def _document(url: str, *, has_key: bool) -> dict[str, Any]:
    document: dict[str, Any] = httpx2.get(f"{url}/openapi.json").json()
    if not has_key:  # the document does not know whether one is set
        for path in document["paths"].values():
            for operation in path.values():
                operation.pop("security", None)
    return document


def _is_answered_as_documented(case: Any, *, base_url: str, **how: Any) -> None:
    is_health = case.operation.path in HEALTH
    response = case.call(base_url) if is_health else case.call_and_validate(base_url, **how)
    assert response.status_code < 500 or response.status_code == 503, response.text
    if response.status_code >= 400 and not is_health:
        error = response.json()["error"]
        assert set(error) == ERROR
        assert error["message"]
        # Who asks, or how things stand, may be to blame instead of a field.
        assert error["param"] or response.status_code in (403, 409, 429, 503), (
            f"{case.method} {case.operation.path}: {response.text}"
        )
