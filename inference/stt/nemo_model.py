"""A NeMo transducer from its `.nemo` file: restored without chatter, its look-ahead chosen."""

import logging
from pathlib import Path
from typing import Any

from inference.stt.engine import EngineFailed

# NeMo's and its telemetry's own logs tell of training: only what breaks is of interest here.
CHATTY = ("nemo_logger", "nv_one_logger", "pytorch_lightning", "lightning", "lhotse", "matplotlib")


def import_nemo() -> Any:
    """The package, quiet. Takes 10 to 80 s at first. Raises EngineFailed where it is missing."""
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        import nemo.collections.asr
        import nemo.utils
    except ImportError as exc:
        raise EngineFailed(f"NeMo cannot be imported (extra stt-nemotron): {exc}") from exc
    # What is left of its log goes where ours does.
    nemo.utils.logging.remove_stream_handlers()
    nemo.utils.logging.setLevel(logging.ERROR)
    logging.getLogger("nemo_logger").propagate = True
    return nemo


def restore(path: Path, device: str) -> Any:
    """The model, ready to infer. Raises EngineFailed for a broken file, or no transducer."""
    import_nemo()
    from nemo.collections.asr.models import ASRModel, EncDecHybridRNNTCTCModel, EncDecRNNTModel

    if not path.is_file():
        raise EngineFailed(f"there is no file {path}")
    try:
        model = ASRModel.restore_from(str(path), map_location=device)
    except Exception as exc:  # whatever its unpacking, its settings or its weights raise
        raise EngineFailed(
            f"{path} cannot be restored by NeMo: {type(exc).__name__}: {exc}"
        ) from exc
    if not isinstance(model, EncDecRNNTModel | EncDecHybridRNNTCTCModel):
        raise EngineFailed(f"{path} is a {type(model).__name__}, which is no transducer")
    return model.eval()


def look_ahead(model: Any, chunk_ms: int) -> list[int]:
    """The attention context for steps of `chunk_ms`, in frames: [back, ahead].

    Raises EngineFailed, naming those there are, where the model was not trained for it.
    """
    try:
        style = model.encoder.att_context_style
        contexts = [list(context) for context in model.encoder.att_context_size_all]
        frame_ms = model.encoder.subsampling_factor * model.cfg.preprocessor.window_stride * 1000
    except AttributeError as exc:
        raise EngineFailed(
            f"this model has no streaming encoder that is known here: {exc}"
        ) from exc
    if style != "chunked_limited" or any(min(context) < 0 for context in contexts):
        raise EngineFailed("this model is not for streaming: its encoder hears all or nothing")
    chunks = {round((ahead + 1) * frame_ms): [back, ahead] for back, ahead in contexts}
    if chunk_ms not in chunks:
        offered = ", ".join(map(str, sorted(chunks)))
        raise EngineFailed(f"this model has no steps of {chunk_ms} ms: it has {offered}")
    return chunks[chunk_ms]
