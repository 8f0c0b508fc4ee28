"""Weights of an ONNX model in 8 bits, so that what shares a batch changes nobody's result.

The usual dynamic quantisation rounds by the loudest number of the whole batch: a stream's text
would depend on who else speaks. Here each row of activations is rounded by its own largest.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

OPSET = 17  # of the models taken: what the nodes below mean is of that version
# Products of activations are summed in pairs of 16 bits on processors without VNNI: seven bits
# of weight cannot overflow them.
WEIGHT_STEPS = 63
ACTIVATION_STEPS = 127
ZERO = 128  # of activations, which are unsigned
LEAST = 1e-12  # instead of a row's largest number, where all are 0

PREFIX = "rows"  # of the names of what is added


def quantise_matmuls(source: Path, target: Path) -> int:
    """Write `source` with its matrix products by constants in 8 bits; how many those are."""
    import onnx

    model = onnx.load(str(source))
    _check(model, source)
    graph = model.graph
    constants = {one.name: one for one in graph.initializer}
    rows: dict[str, tuple[str, str]] = {}  # an activation: its rounded form, its rows' largest
    done: set[str] = set()
    nodes: list[Any] = []
    shared = [("zero", np.uint8(ZERO)), ("step", np.float32(1 / ACTIVATION_STEPS))]
    shared.append(("least", np.float32(LEAST)))
    new = [_constant(name, np.asarray(value)) for name, value in shared]
    for node in graph.node:
        weight = constants.get(node.input[1]) if node.op_type == "MatMul" else None
        if weight is None or len(weight.dims) != 2:
            nodes.append(node)
            continue
        if node.input[0] not in rows:
            added, rows[node.input[0]] = _round_rows(node.input[0], len(rows))
            nodes += added
        if weight.name not in done:
            done.add(weight.name)
            new += _round_columns(weight)
        nodes += _product(node, *rows[node.input[0]])
    del graph.node[:]
    graph.node.extend(nodes)
    still = {name for node in nodes for name in node.input}
    kept = [one for one in graph.initializer if one.name in still]
    del graph.initializer[:]
    graph.initializer.extend([*kept, *new] if done else kept)
    onnx.save(model, str(target))
    return len(done)


def _check(model: Any, source: Path) -> None:
    versions = {one.domain: one.version for one in model.opset_import}
    if versions.get("") != OPSET:
        raise ValueError(f"{source} is of opset {versions.get('')}, not {OPSET}")


def _round_rows(name: str, number: int) -> tuple[list[Any], tuple[str, str]]:
    """Nodes that divide each row by its largest number and round it to 8 bits."""
    from onnx import helper

    at = f"{PREFIX}.{number}"
    nodes = [
        helper.make_node("Abs", [name], [f"{at}.abs"]),
        helper.make_node("ReduceMax", [f"{at}.abs"], [f"{at}.max"], axes=[-1], keepdims=1),
        helper.make_node("Max", [f"{at}.max", f"{PREFIX}.least"], [f"{at}.scale"]),
        helper.make_node("Div", [name, f"{at}.scale"], [f"{at}.unit"]),
        helper.make_node(
            "QuantizeLinear", [f"{at}.unit", f"{PREFIX}.step", f"{PREFIX}.zero"], [f"{at}.q"]
        ),
    ]
    return nodes, (f"{at}.q", f"{at}.scale")


def _round_columns(weight: Any) -> list[Any]:
    """The matrix in 8 bits, and what a step of each column is worth beside a step of a row."""
    from onnx import numpy_helper

    matrix: NDArray[np.float32] = numpy_helper.to_array(weight)
    step = np.maximum(np.abs(matrix).max(0), np.float32(LEAST)) / np.float32(WEIGHT_STEPS)
    return [
        _constant(f"{weight.name}.q", np.round(matrix / step).astype(np.int8)),
        _constant(f"{weight.name}.step", (step / ACTIVATION_STEPS).astype(np.float32)),
    ]


def _product(node: Any, rounded: str, scale: str) -> list[Any]:
    from onnx import helper

    out, weight = node.output[0], node.input[1]
    return [
        helper.make_node(
            "MatMulInteger",
            [rounded, f"{PREFIX}.{weight}.q", f"{PREFIX}.zero"],
            [f"{out}.int"],
        ),
        helper.make_node("Cast", [f"{out}.int"], [f"{out}.sum"], to=1),  # to single precision
        helper.make_node("Mul", [f"{out}.sum", f"{PREFIX}.{weight}.step"], [f"{out}.unit"]),
        helper.make_node("Mul", [f"{out}.unit", scale], [out]),
    ]


def _constant(name: str, value: NDArray[Any]) -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(value, f"{PREFIX}.{name}")
