"""Weights in 8 bits: near the true product, and each row as if it were alone."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from inference.stt.quantise import OPSET, quantise_matmuls

IN, OUT = 48, 20
WEIGHTS = np.random.default_rng(0).standard_normal((IN, OUT)).astype(np.float32)
WEIGHTS[:, 3] *= 50.0  # one loud column must not cost the others their precision
WEIGHTS[:, 4] = 0.0


def save(path: Path, *, opset: int = OPSET) -> Path:
    """Two products of one activation by the same constant, and one of two activations."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["y"]),
        helper.make_node("MatMul", ["x", "w"], ["z"]),
        helper.make_node("Transpose", ["z"], ["t"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["y", "t"], ["xx"]),
    ]
    graph = helper.make_graph(
        nodes,
        "products",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", "t", IN])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", "t", None])
            for name in ("y", "xx")
        ],
        [numpy_helper.from_array(WEIGHTS, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    model.metadata_props.add(key="vocab_size", value="7")
    onnx.save(model, str(path))
    return path


def run(path: Path, x: NDArray[np.float32]) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    y: NDArray[np.float32] = session.run(["y"], {"x": x})[0]
    return y


@pytest.fixture
def small(tmp_path: Path) -> Path:
    small = tmp_path / "small.onnx"
    assert quantise_matmuls(save(tmp_path / "large.onnx"), small) == 1
    return small


def sounds(*loudness: float) -> NDArray[np.float32]:
    random = np.random.default_rng(1)
    rows = random.standard_normal((len(loudness), 5, IN)).astype(np.float32)
    return rows * np.asarray(loudness, np.float32)[:, None, None]


def test_products_come_near_the_true_ones(small: Path) -> None:
    x = sounds(1.0, 0.001, 1000.0)
    true = x @ WEIGHTS
    error = np.abs(run(small, x) - true)
    scale = np.abs(x).max(-1, keepdims=True) * np.abs(WEIGHTS).max(0) * IN**0.5
    assert (error <= 0.03 * scale + 1e-9).all()


def test_who_shares_a_batch_changes_nothing(small: Path) -> None:
    quiet, loud = sounds(0.01, 500.0)
    alone = run(small, quiet[None])
    together = run(small, np.stack([quiet, loud]))
    assert np.array_equal(together[:1], alone)


def test_silence_stays_silence(small: Path) -> None:
    assert not run(small, np.zeros((1, 5, IN), np.float32)).any()


def test_what_the_model_says_of_itself_is_kept(small: Path) -> None:
    model = onnx.load(str(small))
    assert [(one.key, one.value) for one in model.metadata_props] == [("vocab_size", "7")]
    assert "w" not in {one.name for one in model.graph.initializer}


def test_a_model_of_another_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="opset 13"):
        quantise_matmuls(save(tmp_path / "old.onnx", opset=13), tmp_path / "small.onnx")
