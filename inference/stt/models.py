"""What clients ask of a model, checked against what it can do: nothing is silently dropped."""

import math

from chassis.errors import InvalidRequest, NotFound
from inference.stt.engine import Abilities
from inference.stt.languages import code_of

# Names that clients written for other servers send; whatever model is configured answers.
FOREIGN_MODELS = (
    "whisper-1",
    "whisper-large",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-transcribe",
)
# LiveKit's plugin ends utterances itself where a model's name begins so; others want server VAD.
CLIENT_COMMIT_MODELS = ("gpt-realtime-whisper", "gpt-live-transcribe")
MAX_PROMPT_CHARS = 4_000
ANY_LANGUAGE = ("multi", "auto")  # as clients ask for detection
UNSUPPORTED = "unsupported_parameter"


def check_model(asked: str | None, model: str) -> None:
    """Raise NotFound unless `asked` is `model`, left out, or a name other servers are known by."""
    if not asked or asked == model or asked.startswith((*FOREIGN_MODELS, *CLIENT_COMMIT_MODELS)):
        return
    raise NotFound(
        f"there is no model {asked[:100]!r} here: GET /v1/models lists what there is",
        param="model",
        code="model_not_found",
    )


def language_asked(asked: str | None, can: Abilities, param: str = "language") -> str | None:
    """The code of the language to hear; None to detect it. Raises InvalidRequest."""
    code = code_of(asked) if asked else None
    if code in can.languages:
        return code
    if code is None or code in ANY_LANGUAGE:
        if can.detects_language:
            return None
        if code is None:
            return "en" if "en" in can.languages else min(can.languages)
    some = ", ".join(sorted(can.languages))
    raise InvalidRequest(
        f"language {asked[:40] if asked else ''!r}: this model hears {some}",
        param=param,
        code="unsupported_language",
    )


def prompt_asked(asked: str | None, can: Abilities, param: str = "prompt") -> str | None:
    """The prompt. Raises InvalidRequest: dropping one silently would be a lie."""
    if not asked or not asked.strip():
        return None
    if not can.prompt:
        raise InvalidRequest(
            "this model cannot be prompted: leave the prompt out", param=param, code=UNSUPPORTED
        )
    if len(asked) > MAX_PROMPT_CHARS:
        raise InvalidRequest(f"{param} is longer than {MAX_PROMPT_CHARS} characters", param=param)
    return asked


def temperature_asked(asked: str | None, can: Abilities) -> float | None:
    """The temperature; None leaves it to the model. Raises InvalidRequest."""
    if not asked:
        return None
    try:
        value = float(asked)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise InvalidRequest("temperature must be a number from 0 to 1", param="temperature")
    if value and not can.temperature:
        raise InvalidRequest(
            "this model does not sample: temperature must be 0 or left out",
            param="temperature",
            code=UNSUPPORTED,
        )
    return value
