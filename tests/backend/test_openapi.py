"""The web app's types are generated from the routes as they are."""

import json
import subprocess
from collections import Counter
from pathlib import Path

from backend.openapi import SCHEMA, openapi_json
from tests.processes import ROOT

WEB = ROOT / "frontend"


def test_the_schema_is_of_the_routes_as_they_are() -> None:
    assert SCHEMA.read_text() == openapi_json(), "run `python -m backend.openapi`"


def test_the_client_is_of_the_schema_as_it_is(tmp_path: Path) -> None:
    generated = tmp_path / "schema.d.ts"
    command = ["node_modules/.bin/openapi-typescript", str(SCHEMA), "-o", str(generated)]
    subprocess.run(command, cwd=WEB, check=True, capture_output=True)
    committed = WEB / "src" / "client" / "schema.d.ts"
    assert generated.read_text() == committed.read_text(), "run `npm run client` in frontend"


def test_every_operation_has_a_name_of_its_own() -> None:
    paths = json.loads(openapi_json())["paths"].values()
    names = Counter(operation["operationId"] for path in paths for operation in path.values())
    assert [name for name, count in names.items() if count > 1] == []
