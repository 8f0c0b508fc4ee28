"""Builds a tiny ONNX network that takes what Kokoro takes and says each phoneme as a tone.

A phoneme lasts FRAMES frames at speed 1 and has a pitch of its own, times the voice's; boundaries
are silent. `steps` makes it slow: each is a node of some 10 ms, after which a run can be stopped.
"""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

FRAME = 600  # samples, as in Kokoro
FRAMES = 3  # of a phoneme at speed 1
ROWS, STYLE_SIZE = 510, 256
VOICES = ("af_heart", "af_bella", "am_adam", "am_echo", "bf_emma", "bm_george", "ff_siwis")
STEP_SIZE = 800  # of a square matrix
RATE_HZ = 24_000
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64

Layout = Literal["release", "hub"]


def make_kokoro_onnx(
    folder: Path,
    *,
    layout: Layout = "release",
    durations: bool = False,
    steps: int = 0,
    voices: tuple[str, ...] = VOICES,
) -> None:
    """A folder that KokoroOnnx loads, as kokoro-onnx releases it or as the hub has it."""
    styles = {name: style_of(name) for name in voices}
    folder.mkdir(parents=True, exist_ok=True)
    network = _network("tokens" if layout == "release" else "input_ids", durations, steps)
    if layout == "release":
        onnx.save(network, folder / "kokoro-v1.0.onnx")
        with (folder / "voices-v1.0.bin").open("wb") as file:
            np.savez(file, **styles)  # type: ignore[arg-type]  # numpy: its own keyword could match
        return
    (folder / "onnx").mkdir(exist_ok=True)
    (folder / "voices").mkdir(exist_ok=True)
    onnx.save(network, folder / "onnx" / "model.onnx")
    for name, style in styles.items():
        style.tofile(folder / "voices" / f"{name}.bin")


def style_of(name: str) -> NDArray[np.float32]:
    """Its first number is what the pitch is multiplied by: each voice has another."""
    styles = np.zeros((ROWS, 1, STYLE_SIZE), np.float32)
    styles[:, :, 0] = 1 + sum(name.encode()) % 97 / 97
    return styles


def _network(tokens: str, durations: bool, steps: int) -> onnx.ModelProto:
    node = helper.make_node
    constants: dict[str, Any] = {
        "frames": np.float32(FRAMES),
        "one": np.float32(1),
        "frame": np.int64(FRAME),
        "low": np.float32(150),
        "step": np.float32(5),
        "turn": np.float32(2 * np.pi / RATE_HZ),
        "volume": np.float32(0.2),
        "boundary": np.int64(0),
        "first": np.array([0], np.int64),
        "second": np.array([1], np.int64),
        "flat": np.array([-1], np.int64),
        "axis": np.int64(0),
        "column": np.array([-1, 1], np.int64),
        "no_shape": np.array([], np.int64),
    }
    nodes = [
        node("Reshape", [tokens, "flat"], ["ids"]),
        node("Cast", ["ids"], ["numbers"], to=FLOAT),
        # How many samples a token takes.
        node("Div", ["frames", "speed"], ["long"]),
        node("Round", ["long"], ["whole"]),
        node("Max", ["whole", "one"], ["lasting"]),
        node("Cast", ["lasting"], ["each"], to=INT64),
        node("Mul", ["each", "frame"], ["width"]),
        # Its pitch, and none for boundaries.
        node("Slice", ["style", "first", "second", "second"], ["timbre"]),
        node("Reshape", ["timbre", "flat"], ["factor"]),
        node("Mul", ["numbers", "step"], ["higher"]),
        node("Add", ["higher", "low"], ["pitch"]),
        node("Mul", ["pitch", "factor"], ["voiced"]),
        node("Equal", ["ids", "boundary"], ["is_boundary"]),
        node("Not", ["is_boundary"], ["sounds"]),
        node("Cast", ["sounds"], ["loud"], to=FLOAT),
        # Every sample's pitch and loudness, then the sound.
        node("Shape", ["ids"], ["count"]),
        node("Concat", ["count", "width"], ["grid"], axis=0),
        *_spread("voiced", "pitches"),
        *_spread("loud", "levels"),
        node("Mul", ["pitches", "turn"], ["turns"]),
        node("CumSum", ["turns", "axis"], ["phase"]),
        node("Sin", ["phase"], ["wave"]),
        node("Mul", ["wave", "levels"], ["gated"]),
        node("Mul", ["gated", "volume"], ["quick"]),
        *_delay(steps, constants),
        node("Add", ["quick", "nothing"], ["waveform"]),
    ]
    outputs = [helper.make_tensor_value_info("waveform", FLOAT, ["samples"])]
    if durations:
        nodes.append(node("Expand", ["each", "count"], ["duration"]))
        outputs.append(helper.make_tensor_value_info("duration", INT64, ["tokens"]))
    graph = helper.make_graph(
        nodes,
        "kokoro",
        [
            helper.make_tensor_value_info(tokens, INT64, [1, "tokens"]),
            helper.make_tensor_value_info("style", FLOAT, [1, STYLE_SIZE]),
            helper.make_tensor_value_info("speed", FLOAT, [1]),
        ],
        outputs,
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def _spread(source: str, made: str) -> list[onnx.NodeProto]:
    """One number a token → one a sample."""
    return [
        helper.make_node("Reshape", [source, "column"], [f"{made}_column"]),
        helper.make_node("Expand", [f"{made}_column", "grid"], [f"{made}_grid"]),
        helper.make_node("Reshape", [f"{made}_grid", "flat"], [made]),
    ]


def _delay(
    steps: int, constants: dict[str, np.generic | NDArray[np.generic]]
) -> list[onnx.NodeProto]:
    """`nothing`, after so many multiplications that no optimiser can foresee."""
    constants["ones"] = np.full((STEP_SIZE, STEP_SIZE) if steps else (1, 1), 1, np.float32)
    constants["mean"] = np.float32(1 / STEP_SIZE)
    nodes = [
        helper.make_node("Sub", ["speed", "speed"], ["zero"]),
        helper.make_node("Add", ["ones", "zero"], ["m0"]),
    ]
    for at in range(steps):
        nodes += [
            helper.make_node("MatMul", [f"m{at}", f"m{at}"], [f"p{at}"]),
            helper.make_node("Mul", [f"p{at}", "mean"], [f"m{at + 1}"]),
        ]
    return [
        *nodes,
        helper.make_node("ReduceMean", [f"m{steps}"], ["about_one"], keepdims=0),
        helper.make_node("Sub", ["about_one", "one"], ["about_zero"]),
        helper.make_node("Reshape", ["about_zero", "no_shape"], ["nothing"]),
    ]
