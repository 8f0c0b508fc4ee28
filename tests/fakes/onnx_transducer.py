"""Builds a tiny streaming transducer, in the files sherpa-onnx expects, that writes down tones.

Its text depends on the sound and on the caches: a step with sound in it flips a bit that only the
cache remembers, and the bit chooses between two tokens of a tone. A stream that is fed another's
cache writes other text. Per frame of 80 ms it writes the loudest band's token, if it is not what
it wrote last; silence is blank.
"""

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

BANDS = 8
STRIDE = 8  # features an encoder frame
CACHED_WINDOW = 9  # features before the chunk, which the encoder looks back at
SILENCE = -8.0  # log energy below which nothing sounds
BLANK = 2 * BANDS
FLOAT, INT32, INT64 = TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64
# Even tones begin a word, odd ones go on with it.
TOKENS = [
    ("▁" if band % 2 == 0 else "") + "abcdefgh"[band] + "xy"[flipped]
    for flipped in (0, 1)
    for band in range(BANDS)
]


def tone(band: int, seconds: float) -> NDArray[np.int16]:
    """Sound in the middle of one of the model's bands."""
    at_s = np.arange(int(seconds * 16_000)) / 16_000
    return (9_000 * np.sin(2 * np.pi * _hertz(band) * at_s)).astype(np.int16)


def build(folder: Path, *, chunk_frames: int = 2, ask_language: bool = False) -> Path:
    """Write the model into `folder`. A chunk is `chunk_frames` of 80 ms."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(_encoder(chunk_frames, ask_language), folder / "encoder.onnx")
    onnx.save(_decoder(), folder / "decoder.onnx")
    onnx.save(_joiner(), folder / "joiner.onnx")
    lines = [f"{token} {number}" for number, token in enumerate([*TOKENS, "<blk>"])]
    (folder / "tokens.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _encoder(frames: int, ask_language: bool) -> onnx.ModelProto:
    shift = frames * STRIDE
    window = shift + CACHED_WINDOW
    nodes = [
        helper.make_node("Slice", ["audio_signal", "skip", "window", "last"], ["chunk"]),
        helper.make_node("Reshape", ["chunk", "by_frame"], ["frames"]),
        helper.make_node("ReduceMean", ["frames"], ["energy"], axes=[3], keepdims=0),
        helper.make_node("ReduceMax", ["energy"], ["loudest"], axes=[1], keepdims=1),
        helper.make_node("GreaterOrEqual", ["energy", "loudest"], ["is_loudest"]),
        helper.make_node("Greater", ["loudest", "silence"], ["is_loud"]),
        helper.make_node("And", ["is_loudest", "is_loud"], ["is_band"]),
        helper.make_node("Cast", ["is_band"], ["band"], to=FLOAT),
        helper.make_node("Cast", ["is_loud"], ["loud"], to=FLOAT),
        helper.make_node("ReduceMax", ["loud"], ["any_loud"], axes=[2], keepdims=1),
        # The bit is exchanged with the cache: flipped by a step with sound in it.
        helper.make_node("Reshape", ["cache_last_channel", "as_bit"], ["bit"]),
        helper.make_node("Sub", ["bit", "any_loud"], ["difference"]),
        helper.make_node("Abs", ["difference"], ["flipped"]),
        helper.make_node("Reshape", ["flipped", "as_cache"], ["cache_last_channel_next"]),
        *_spoken(ask_language),
        helper.make_node("Sub", ["one", "spoken"], ["unspoken"]),
        helper.make_node("Mul", ["band", "unspoken"], ["first"]),
        helper.make_node("Mul", ["band", "spoken"], ["second"]),
        helper.make_node("Concat", ["first", "second"], ["outputs"], axis=1),
        helper.make_node("Identity", ["length"], ["encoded_lengths"]),
        helper.make_node("Identity", ["cache_last_time"], ["cache_last_time_next"]),
        helper.make_node(
            "Add", ["cache_last_channel_len", "count"], ["cache_last_channel_len_next"]
        ),
    ]
    inputs = [
        _value("audio_signal", FLOAT, ["N", BANDS, window]),
        _value("length", INT64, ["N"]),
        _value("cache_last_channel", FLOAT, ["N", 1, 1, 1]),
        _value("cache_last_time", FLOAT, ["N", 1, 1, 1]),
        _value("cache_last_channel_len", INT64, ["N"]),
    ]
    if ask_language:
        inputs.append(_value("prompt_index", INT64, ["N"]))
    model = _model(
        nodes,
        inputs,
        [
            _value("outputs", FLOAT, ["N", 2 * BANDS, frames]),
            _value("encoded_lengths", INT64, ["N"]),
            _value("cache_last_channel_next", FLOAT, ["N", 1, 1, 1]),
            _value("cache_last_time_next", FLOAT, ["N", 1, 1, 1]),
            _value("cache_last_channel_len_next", INT64, ["N"]),
        ],
        {
            "skip": np.array([CACHED_WINDOW]),
            "window": np.array([window]),
            "last": np.array([2]),
            "by_frame": np.array([-1, BANDS, frames, STRIDE]),
            "as_bit": np.array([-1, 1, 1]),
            "as_cache": np.array([-1, 1, 1, 1]),
            "silence": np.array(SILENCE, np.float32),
            "one": np.array(1, np.float32),
            "count": np.array([1]),
        },
    )
    helper.set_model_props(model, _properties(window, shift))
    return model


def _spoken(ask_language: bool) -> list[onnx.NodeProto]:
    """Which of a tone's two tokens is written: the bit's, and in the second language the other."""
    if not ask_language:
        return [helper.make_node("Identity", ["flipped"], ["spoken"])]
    return [
        helper.make_node("Cast", ["prompt_index"], ["prompt"], to=FLOAT),
        helper.make_node("Reshape", ["prompt", "as_bit"], ["other"]),
        helper.make_node("Sub", ["flipped", "other"], ["turned"]),
        helper.make_node("Abs", ["turned"], ["spoken"]),
    ]


def _decoder() -> onnx.ModelProto:
    """Says what was written last, which the joiner then leaves out."""
    rows = np.concatenate([np.eye(BLANK, dtype=np.float32), np.zeros((1, BLANK), np.float32)])
    return _model(
        [
            helper.make_node("Gather", ["rows", "targets"], ["row"]),
            helper.make_node("Transpose", ["row"], ["outputs"], perm=[0, 2, 1]),
            helper.make_node("Identity", ["target_length"], ["prednet_lengths"]),
            helper.make_node("Identity", ["state_0"], ["next_0"]),
            helper.make_node("Identity", ["state_1"], ["next_1"]),
        ],
        [
            _value("targets", INT32, ["N", 1]),
            _value("target_length", INT32, ["N"]),
            _value("state_0", FLOAT, [1, "N", 1]),
            _value("state_1", FLOAT, [1, "N", 1]),
        ],
        [
            _value("outputs", FLOAT, ["N", BLANK, 1]),
            _value("prednet_lengths", INT32, ["N"]),
            _value("next_0", FLOAT, [1, "N", 1]),
            _value("next_1", FLOAT, [1, "N", 1]),
        ],
        {"rows": rows},
    )


def _joiner() -> onnx.ModelProto:
    """A token that is heard and was not written last beats blank, which has 1."""
    return _model(
        [
            helper.make_node("Mul", ["encoder_outputs", "two"], ["heard"]),
            helper.make_node("Mul", ["decoder_outputs", "three"], ["written"]),
            helper.make_node("Sub", ["heard", "written"], ["tokens"]),
            helper.make_node("Concat", ["tokens", "blank"], ["all"], axis=1),
            helper.make_node("Reshape", ["all", "shape"], ["logits"]),
        ],
        [
            _value("encoder_outputs", FLOAT, [1, BLANK, 1]),
            _value("decoder_outputs", FLOAT, [1, BLANK, 1]),
        ],
        [_value("logits", FLOAT, [1, 1, 1, BLANK + 1])],
        {
            "two": np.array(2, np.float32),
            "three": np.array(3, np.float32),
            "blank": np.ones((1, 1, 1), np.float32),
            "shape": np.array([1, 1, 1, BLANK + 1]),
        },
    )


def _model(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    constants: dict[str, NDArray[np.generic]],
) -> onnx.ModelProto:
    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tones", inputs, outputs, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def _properties(window: int, shift: int) -> dict[str, str]:
    caches = {f"cache_last_{of}_dim{n}": "1" for of in ("channel", "time") for n in (1, 2, 3)}
    return {
        "vocab_size": str(BLANK),
        "window_size": str(window),
        "chunk_shift": str(shift),
        "chunk_size_ms": str(10 * shift),
        "subsampling_factor": str(STRIDE),
        "feat_dim": str(BANDS),
        "normalize_type": "",
        "pred_rnn_layers": "1",
        "pred_hidden": "1",
        "prompt_dictionary": '{"auto": 0, "en-US": 0, "de-DE": 1}',
        "model_type": "EncDecHybridRNNTCTCBPEModel",
        **caches,
    }


def _value(name: str, kind: int, shape: list[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def _hertz(band: int) -> float:
    """The middle of a band: they are even on the mel scale that is straight up to 1 kHz."""
    top = 15 + 27 * np.log(8) / np.log(6.4)  # of 8 kHz
    mel = top * (band + 1) / (BANDS + 1)
    return float(mel * 200 / 3 if mel < 15 else 1000 * 6.4 ** ((mel - 15) / 27))
