"""Models of the store, as a server of one kind may load them."""

from pathlib import Path

from chassis.errors import NotFound
from chassis.weights.catalogue import Kind, Model
from chassis.weights.errors import ModelUnknown
from chassis.weights.store import ModelStore

NVIDIA_DEVICE = Path("/dev/nvidiactl")
DOES: dict[Kind, str] = {"stt": "hear", "tts": "speak", "llm": "chat"}


def weights_for(kind: Kind, model_id: str, store: ModelStore) -> Model:
    """Raises NotFound for an id that nothing has, or that does something else."""
    try:
        weights = store.find(model_id)
    except ModelUnknown as exc:
        raise not_found(exc.message) from exc
    if weights.kind not in (None, kind):
        raise not_found(f"{model_id} does not {DOES[kind]}: it is a {weights.kind} model")
    return weights


def ids_here(kind: Kind, store: ModelStore) -> list[str]:
    """Of those that could be loaded now; looks at the disk."""
    here = [one.model for one in store.installed() if one.state in ("here", "not verified")]
    return [model.id for model in here if model.kind in (None, kind)]


def uses_gpu(device: str) -> bool:
    """Whether models run on one: `device` is a setting's, `auto` where there is a driver."""
    return device in ("cuda", "mps") or (device == "auto" and NVIDIA_DEVICE.exists())


def not_found(message: str) -> NotFound:
    return NotFound(message, param="model", code="model_not_found")
