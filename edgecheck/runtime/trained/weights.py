"""The weights of a trained model's layers, in the layout of `tflite.weights.Weight`."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from edgecheck.runtime.trained.child import ask
from edgecheck.runtime.trained.description import Description
from edgecheck.runtime.trained.model import TrainedModel
from edgecheck.runtime.worker_process import KeptProcess
from edgecheck.tensors import Array
from edgecheck.tflite.weights import Weight

_LOAD_SECONDS: Final = 60.0
_KINDS = {
    **dict.fromkeys(("Conv2D", "Conv1D", "Conv"), "CONV_2D"),
    "DepthwiseConv2D": "DEPTHWISE_CONV_2D",
    **dict.fromkeys(("Conv2DTranspose", "ConvTranspose"), "TRANSPOSE_CONV"),
    **dict.fromkeys(("Dense", "Gemm", "MatMul"), "FULLY_CONNECTED"),
}
"""Class of a Keras layer or operator of ONNX -> the operator of TFLite that it becomes."""
_POOLS = {"GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "ReduceMax"}
"""They leave one position, so that flattening has no order to choose."""


def examine(
    path: Path,
    *,
    signature: str | None = None,
    allow_code: bool = False,
    timeout: float = _LOAD_SECONDS,
    kept: KeptProcess | None = None,
) -> tuple[Description, tuple[Weight, ...]]:
    """Inputs and outputs of a Keras, SavedModel or ONNX model, and the weights of its layers.

    Those are of convolutions and dense layers, in the order of the layers. A SavedModel holds
    variables whose layers it does not name, and has no weights here.

    Args:
        path: of the file, or the folder of a SavedModel.
        signature: of a SavedModel; None for the default one.
        allow_code: run code that the file brings along.
        timeout: seconds that loading may take.
        kept: lends the process that loads it; None for one of its own.

    Raises:
        InputMissing: there is nothing at the path.
        RuntimeMissing: what runs the format is not installed.
        UnusableError: it would run code, or cannot be loaded.
        UsageError: a format that is never read.
    """
    with tempfile.TemporaryDirectory(prefix="edgecheck-") as folder:
        name = str(Path(folder) / "weights.npz")
        options = {"signature": signature, "allow_code": allow_code, "out": name}
        answer = ask("examine", path, options, timeout, kept)
        with np.load(name, allow_pickle=False) as arrays:
            weights = tuple(
                Weight(entry["name"], arrays[f"w{index}"], index, entry["op"])
                for index, entry in enumerate(answer["weights"])
            )
    return Description.from_dict(answer["description"]), weights


def export_weights(path: Path, model: TrainedModel, out: str) -> list[dict[str, str]]:
    """In the child: write the arrays of a model to `out` (.npz), and name them."""
    form = model.description.format
    found = list(_of_onnx(path) if form == "onnx" else _of_keras(model))
    arrays = {f"w{i}": np.asarray(values, np.float32) for i, (_, _, values) in enumerate(found)}
    np.savez(out, **arrays)
    return [{"name": name, "op": op} for name, op, _ in found]


def _of_keras(model: TrainedModel) -> Iterator[tuple[str, str, Array]]:
    """(name, operator, values) of every layer, in the order in which the model holds them."""
    for layer in getattr(model, "layers", ()):
        kind = type(layer).__name__
        if kind.startswith("Separable") and hasattr(layer, "depthwise_kernel"):
            depthwise, point = layer.depthwise_kernel, layer.pointwise_kernel
            yield layer.name, "DEPTHWISE_CONV_2D", _canonical(np.asarray(depthwise), "Depthwise")
            yield layer.name, "CONV_2D", _canonical(np.asarray(point), kind)
            continue
        kernel = getattr(layer, "kernel", getattr(layer, "depthwise_kernel", None))
        if kind in _KINDS and kernel is not None:
            yield layer.name, _KINDS[kind], _canonical(np.asarray(kernel), kind)


def _canonical(kernel: Array, kind: str) -> Array:
    """A kernel of Keras with its output channel first.

    Keras stores (h, w, in, out), (h, w, in, multiplier) of a depthwise one, (h, w, out, in) of a
    transposed one, (width, in, out) of one over time, which becomes (out, 1, width, in) as the
    converter has it, and (in, out) of a dense layer.
    """
    if kind.startswith("Depthwise") and kernel.ndim == 4:
        return np.moveaxis(kernel.reshape(*kernel.shape[:2], -1), -1, 0)
    if kind == "Conv2DTranspose":
        return np.moveaxis(kernel, 2, 0)
    moved = np.moveaxis(kernel, -1, 0)
    return moved[:, None] if kernel.ndim == 3 else moved


def _of_onnx(path: Path) -> Iterator[tuple[str, str, Array]]:
    """(name, operator, values) of every node whose weights are stored, in the order of the graph."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    stored = {tensor.name: tensor for tensor in graph.initializer}
    made_by = {name: node for node in graph.node for name in node.output}
    for node in graph.node:
        if _takes_flattened(node, made_by):
            continue
        weights = [name for name in node.input[:2] if name in stored]
        if node.op_type in _KINDS and weights:
            values = numpy_helper.to_array(stored[weights[-1]])
            found = _of_node(node, values)
            if found is not None:
                yield f"{weights[-1]};{node.output[0]}", *found


def _takes_flattened(node: Any, made_by: Mapping[str, Any]) -> bool:  # noqa: ANN401
    """Whether a dense layer takes positions and channels in one row.

    Their order is that of the layout, so its weights are not those of a .tflite in another one.
    """
    source = made_by.get(node.input[0]) if node.op_type in {"Gemm", "MatMul"} else None
    if source is None or source.op_type not in {"Flatten", "Reshape"}:
        return False
    pooled = made_by.get(source.input[0])
    return pooled is None or pooled.op_type not in _POOLS


def _of_node(node: Any, values: Array) -> tuple[str, Array] | None:  # noqa: ANN401  (NodeProto)
    """Operator and weights, output channel first; ONNX stores (out, in, h, w) of a convolution,
    (in, out, h, w) of a transposed one, (in, out) of a dense layer unless it says transB.
    """
    kind, settings = node.op_type, {entry.name: entry.i for entry in node.attribute}
    if kind in {"Gemm", "MatMul"}:
        if values.ndim != 2:
            return None
        return _KINDS[kind], values if settings.get("transB") else values.T
    if values.ndim not in {3, 4}:
        return None
    spread = values[:, :, None] if values.ndim == 3 else values
    if kind == "ConvTranspose":
        return _KINDS[kind], spread.transpose(1, 2, 3, 0)
    if settings.get("group", 1) == len(spread) and spread.shape[1] == 1 and len(spread) > 1:
        return "DEPTHWISE_CONV_2D", spread[:, 0]
    return _KINDS[kind], spread.transpose(0, 2, 3, 1)
