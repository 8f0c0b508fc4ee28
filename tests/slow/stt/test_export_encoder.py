"""The encoder as it is exported: rewritten, it makes the numbers of NeMo's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray

from inference.stt.engine import EngineFailed
from inference.stt.export_encoder import INPUTS, StreamingEncoder, write_encoder
from inference.stt.nemo_model import look_ahead, restore
from inference.stt.quantise import OPSET

Arrays = list[NDArray[Any]]
Step = Callable[[Arrays], Arrays]
STEPS = 14  # at 560 ms: past what is remembered
HEARD, LENGTH, TIME, AGE = 0, 1, 3, 4  # outputs that both have


def encoder(tiny: Path, chunk_ms: int) -> Any:
    model = restore(tiny, "cpu")
    model.encoder.set_default_att_context_size(look_ahead(model, chunk_ms))
    return model.encoder


def untouched(nemo: Any) -> Step:
    nemo.export_cache_support = True

    def step(inputs: Arrays) -> Arrays:
        with torch.no_grad():
            told = nemo.forward_for_export(*map(torch.from_numpy, inputs))
        return [value.numpy() for value in told]

    return step


def exported(streaming: StreamingEncoder, path: Path) -> Step:
    write_encoder(streaming, path, OPSET)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def step(inputs: Arrays) -> Arrays:
        told: Arrays = session.run(None, dict(zip(INPUTS, inputs, strict=True)))
        return told

    return step


@pytest.mark.parametrize("streams", [1, 3])
@pytest.mark.parametrize("chunk_ms", [80, 560])
def test_what_is_exported_hears_as_nemo_does(
    tiny: Path, tmp_path: Path, chunk_ms: int, streams: int
) -> None:
    whole = encoder(tiny, chunk_ms)
    channel, time, age = whole.get_initial_cache_state(batch_size=streams)
    streaming = StreamingEncoder(encoder(tiny, chunk_ms))
    sound, length, *ours = [value.numpy() for value in streaming.start(streams)]
    theirs: Arrays = [channel.transpose(0, 1).numpy(), time.transpose(0, 1).numpy(), age.numpy()]
    by_nemo, by_us = untouched(whole), exported(streaming, tmp_path / "encoder.onnx")
    random = np.random.default_rng(streams)
    for number in range(STEPS):
        if number == STEPS // 2 and streams > 1:  # one leaves, another joins
            theirs, ours = [[_renewed(value) for value in caches] for caches in (theirs, ours)]
        heard = random.standard_normal(sound.shape).astype(np.float32)
        expected, got = by_nemo([heard, length, *theirs]), by_us([heard, length, *ours])
        assert got[HEARD].shape[2] == streaming.frames
        for output in (HEARD, LENGTH, TIME, AGE):
            np.testing.assert_allclose(got[output], expected[output], rtol=0, atol=1e-4)
        theirs, ours = expected[2:], got[2:]


def _renewed(cache: NDArray[Any]) -> NDArray[Any]:
    cache = cache.copy()
    cache[1] = 0
    return cache


def test_an_encoder_of_another_kind_is_refused(tiny: Path) -> None:
    other = encoder(tiny, 560)
    other.self_attention_model = "abs_pos"
    with pytest.raises(EngineFailed, match="attention is another"):
        StreamingEncoder(other)
