"""Which model names this server answers to, and which language it hears."""

from chassis.errors import InvalidRequest, NotFound

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


def check_model(asked: str | None, model: str) -> None:
    """Raise NotFound unless `asked` is `model`, left out, or a name other servers are known by."""
    if not asked or asked == model or asked.startswith((*FOREIGN_MODELS, *CLIENT_COMMIT_MODELS)):
        return
    raise NotFound(
        f"there is no model {asked[:100]!r} here: GET /v1/models lists what there is",
        param="model",
        code="model_not_found",
    )


def check_language(asked: str | None, param: str = "language") -> None:
    """Raise InvalidRequest unless `asked` is English or left out."""
    if not asked:
        return
    if asked.replace("_", "-").partition("-")[0].lower() not in ("en", "english"):
        raise InvalidRequest(
            f"language {asked[:40]!r}: this model hears English only",
            param=param,
            code="unsupported_language",
        )


def check_prompt(asked: str | None, param: str = "prompt") -> None:
    """Raise InvalidRequest for a prompt: dropping it silently would be a lie."""
    if asked and asked.strip():
        raise InvalidRequest(
            "this model cannot be prompted: leave the prompt out",
            param=param,
            code="unsupported_parameter",
        )
