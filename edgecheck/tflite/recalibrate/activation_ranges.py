"""The activation ranges of a file, and the parameters that other ranges give."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

from edgecheck.quantization import QuantParams, params_of_range, representable_range
from edgecheck.tflite.calls import Key
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.graph import Model, Port, Tensor
from edgecheck.tflite.layers import Layer
from edgecheck.tflite.recalibrate.same_scale import Group, groups, integer_layers, is_activation

Range: TypeAlias = tuple[float, float]
"""Lowest and highest real value."""

_LARGEST = 3e38
"""Just below the largest float32."""

FINEST_STEPS = 255.0
"""Codes of a layer's output in one step of input times weight: XNNPACK refuses 256 and more (see
`finer_than_xnnpack_takes` among the test models), and such codes tell nothing apart."""


def stored_ranges(model: Model) -> dict[Key, Range]:
    """(subgraph, tensor) -> representable range of every per-tensor quantized activation."""
    return {
        (graph.index, tensor.index): representable_range(tensor.quantization, tensor.dtype)
        for graph in model.subgraphs
        for tensor in graph.tensors
        if is_activation(tensor) and tensor.quantization is not None
    }


def changed_params(
    data: bytes, model: Model, ranges: Mapping[Key, Range]
) -> dict[Key, QuantParams]:
    """Parameters that differ, bit for bit, from the stored ones once `ranges` are applied.

    A group gets the union of the ranges of its members. It keeps its parameters where it is fixed,
    where `ranges` names none of its members, and where the union holds nothing but 0 (a scale for
    that would be invented). Constants of a group are among the result. The range of a layer's
    output grows to `FINEST_STEPS` where it would be narrower.

    Raises:
        ValueError: a range is not finite, or its ends are in the wrong order.
    """
    wanted = _Wanted(model)
    for group in groups(data, model):
        union = None if group.is_fixed else _union(group, ranges)
        if union is not None:
            wanted.set_range(group, *union)
    for graph, layer in integer_layers(model):
        wanted.make_room(graph, layer)
    return {key: params for key, params in wanted.params.items() if params != wanted.stored(key)}


def changed_ports(before: Model, after: Model) -> tuple[tuple[Port, Port], ...]:
    """Inputs and outputs, (before, after), whose scale or zero point a caller must change.

    Every signature counts; a port of several signatures is listed once.
    """
    keys: list[str | None] = [item.key for item in before.signatures] or [None]
    pairs: dict[Key, tuple[Port, Port]] = {}
    for key in keys:
        old, new = contract_of(before, key), contract_of(after, key)
        ports = zip((*old.inputs, *old.outputs), (*new.inputs, *new.outputs), strict=True)
        for pair in ports:
            if pair[0].tensor.quantization != pair[1].tensor.quantization:
                pairs.setdefault((old.subgraph, pair[0].tensor.index), pair)
    return tuple(pairs.values())


class _Wanted:
    """The parameters of groups as they are chosen."""

    def __init__(self, model: Model) -> None:
        self.params: dict[Key, QuantParams] = {}
        self._model = model
        self._groups: dict[Key, Group] = {}
        self._ranges: dict[Key, Range] = {}

    def stored(self, key: Key) -> QuantParams | None:
        return self._tensor(key).quantization

    def set_range(self, group: Group, low: float, high: float) -> None:
        for key in (*group.members, *group.constants):
            tensor = self._tensor(key)
            new = params_of_range(low, high, tensor.dtype)
            axis = tensor.quantization.quantized_dimension if tensor.quantization else 0
            self.params[key] = replace(new, quantized_dimension=axis)
            self._groups[key], self._ranges[key] = group, (low, high)

    def make_room(self, graph: int, layer: Layer) -> None:
        """Widen the output of a layer until no kernel refuses its scale."""
        output, source, weights = (
            (graph, tensor.index) for tensor in (layer.output, layer.source, layer.weights)
        )
        if output not in self.params:
            return
        old = _steps(self.stored(source), self.stored(weights), self.stored(output))
        new = _steps(self._now(source), self._now(weights), self.params[output])
        most = max(FINEST_STEPS, old)
        if new > most:
            low, high = self._ranges[output]
            widest = _LARGEST / max(-low, high)
            factor = min(new / most, widest)
            self.set_range(self._groups[output], low * factor, high * factor)

    def _now(self, key: Key) -> QuantParams | None:
        return self.params.get(key, self.stored(key))

    def _tensor(self, key: Key) -> Tensor:
        return self._model.subgraphs[key[0]].tensors[key[1]]


def _steps(
    source: QuantParams | None, weights: QuantParams | None, output: QuantParams | None
) -> float:
    """Codes of the output in one step of input times weight, the most of any channel."""
    if source is None or weights is None or output is None:
        return 0.0
    return max(source.scales) * max(weights.scales) / output.scales[0]


def _union(group: Group, ranges: Mapping[Key, Range]) -> Range | None:
    known = [ranges[key] for key in group.members if key in ranges]
    for low, high in known:
        params_of_range(low, high, "int8")  # refuses what is no range
    lowest = min((low for low, _ in known), default=0.0)
    highest = max((high for _, high in known), default=0.0)
    return (lowest, highest) if lowest < 0 or highest > 0 else None
