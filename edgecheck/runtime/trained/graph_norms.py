"""Batch normalization in a frozen graph of TensorFlow: fused, or spelt out in arithmetic."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_PLUS = frozenset({"Add", "AddV2"})


@dataclass(frozen=True)
class GraphNorm:
    """One normalization; tensors of the graph."""

    name: str
    source: Any
    mean: Any
    variance: Any
    epsilon: float
    is_channels_first: bool

    def axis(self, shape: tuple[int, ...]) -> int:
        """Of the channels in the source, given the shape of the stored mean."""
        along = [place for place, size in enumerate(shape) if size != 1]
        is_spread = len(shape) > 1 and len(along) == 1
        return along[0] if is_spread else (1 if self.is_channels_first else -1)


def graph_norms(operations: Iterable[Any], inputs: Iterable[Any]) -> Iterator[GraphNorm]:
    """Every normalization with stored statistics, in the order of the graph.

    Args:
        operations: tf.Operation of the graph, each behind those that it reads.
        inputs: its input tensors.
    """
    varying = {tensor.name for tensor in inputs}
    ordered = list(operations)
    for operation in ordered:
        if any(tensor.name in varying for tensor in operation.inputs):
            varying.update(tensor.name for tensor in operation.outputs)
    for operation in ordered:
        found = _fused(operation) or _spelt_out(operation, varying)
        if found is not None and found.source.name in varying:
            yield found


def _fused(operation: Any) -> GraphNorm | None:  # noqa: ANN401  (tf.Operation)
    if not operation.type.startswith("FusedBatchNorm") or operation.get_attr("is_training"):
        return None
    source, _, _, mean, variance = operation.inputs
    epsilon = float(operation.get_attr("epsilon"))
    is_channels_first = operation.get_attr("data_format").startswith(b"NC")
    return GraphNorm(operation.name, source, mean, variance, epsilon, is_channels_first)


def _spelt_out(root: Any, varying: set[str]) -> GraphNorm | None:  # noqa: ANN401
    """As tf.nn.batch_normalization: f = gamma / sqrt(variance + epsilon), x f + (beta - mean f)."""
    if root.type != "Rsqrt" or root.inputs[0].name in varying:
        return None
    total = root.inputs[0].op
    if total.type not in _PLUS or len(total.inputs) != 2:
        return None
    epsilon = _number(total.inputs[1])
    factor = root.outputs[0]
    if not _partners(factor, varying, is_varying=True):
        scaled = [op for op in factor.consumers() if op.type == "Mul"]
        factor = scaled[0].outputs[0] if scaled else factor
    sources = _partners(factor, varying, is_varying=True)
    means = _partners(factor, varying, is_varying=False)
    if epsilon is None or len(sources) != 1 or len(means) != 1:
        return None
    return GraphNorm(root.name, sources[0], means[0], total.inputs[0], epsilon, False)


def _partners(factor: Any, varying: set[str], *, is_varying: bool) -> list[Any]:  # noqa: ANN401
    """What a tensor is multiplied with."""
    products = [op for op in factor.consumers() if op.type == "Mul"]
    others = [t for op in products for t in op.inputs if t.name != factor.name]
    return [tensor for tensor in others if (tensor.name in varying) == is_varying]


def _number(tensor: Any) -> float | None:  # noqa: ANN401  (tf.Tensor)
    """A constant of one element."""
    import tensorflow as tf

    value = tf.get_static_value(tensor)
    return float(value) if value is not None and value.size == 1 else None
