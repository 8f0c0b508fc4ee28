"""`python -m backend.openapi`: docs/openapi.json, which the web app's client is generated from."""

import json
from pathlib import Path

from pydantic import SecretStr

from backend.app import build
from backend.settings import BackendSettings
from chassis.settings import InternalSettings, LiveKitSettings

SCHEMA = Path(__file__).parent.parent / "docs" / "openapi.json"


def openapi_json() -> str:
    """The schema of all routes, the same on every machine whatever its settings."""
    livekit = LiveKitSettings.model_construct(api_key="none", api_secret=SecretStr("none"))
    app = build(BackendSettings.model_construct(), livekit, InternalSettings.model_construct())
    return json.dumps(app.openapi(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(openapi_json())
