"""The ranges that calibration stored in a file, beside those that its twin has on given inputs.

A range is handled as its two ends, pointing outward: minus its low end, and its high end, each at
least 0 as converters extend every range to hold 0. The ends of what two sets of samples need
together are then the larger ones of each.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edgecheck.compare.walk_plan import followed
from edgecheck.tensors import Array
from edgecheck.tflite.dequantize.twin import Twin
from edgecheck.tflite.recalibrate.activation_ranges import Range, stored_ranges
from edgecheck.tflite.recalibrate.same_scale import Group, groups

STEP = 1 / 255
"""Of a range in 8 bits: a stored end is rounded to one, and finer than that nothing is told."""


@dataclass(frozen=True)
class Fossil:
    """Ranges that calibration chose; ends alternate between the low and the high of each."""

    ends: Array
    """(2 ranges,) float64, outward."""
    widths: Array
    """(2 ranges,) of the range of each end; of its upper half for int16."""
    is_input: Array
    """(2 ranges,) bool: the range is that of an input of the model."""
    places: tuple[tuple[int, ...], ...]
    """Range -> the tensors of the twin that share it."""
    symmetric: Array
    """(ranges,) bool: int16, which takes the wider end on either side."""
    inputs: Mapping[int, Range]
    """Input of the twin -> its stored range; empty where one of them has none."""

    @property
    def tensors(self) -> tuple[int, ...]:
        """All tensors of the twin that are asked for."""
        return tuple(sorted({place for shared in self.places for place in shared}))

    def ends_of(self, outputs: Mapping[int, Array]) -> Array:
        """Outward ends (n, 2 ranges) that each of n samples needs by itself.

        Args:
            outputs: tensor of the twin -> rows (n, ...), for all of `tensors` at least.
        """
        reached = {place: _reach(outputs[place]) for place in self.tensors}
        ranges = [np.maximum.reduce([reached[place] for place in places]) for places in self.places]
        pairs = np.stack(ranges, axis=1)
        wider = pairs.max(axis=2, keepdims=True)
        pairs = np.where(self.symmetric[:, None], wider, pairs)
        return np.asarray(pairs.reshape(len(pairs), -1))

    def differences(self, ends: Array) -> Array:
        """How far ends (..., 2 ranges) are from the stored ones, for each width of the range."""
        return np.asarray(np.abs(ends - self.ends) / self.widths)


def fossil_of(data: bytes, twin: Twin) -> Fossil | None:
    """The ranges of the main graph that calibration chose; None where there is none.

    Tensors that must share a range count as one. Ranges that operators fix are left out, and so
    are tensors that no input reaches.

    Args:
        data: the candidate.
        twin: of it.
    """
    model = twin.candidate
    known = {(0, step.tensor.index) for step in followed(model, twin.place)}
    found = [group for group in groups(data, model) if _is_chosen(group, known)]
    if not found:
        return None
    stored = stored_ranges(model)
    pairs = np.array([stored[group.members[0]] for group in found], np.float64)
    places = tuple(
        tuple(sorted({twin.place[key] for key in group.members if key in known})) for group in found
    )
    symmetric = np.array([_dtype(twin, group) == "int16" for group in found])
    widths = np.where(symmetric, pairs[:, 1], pairs[:, 1] - pairs[:, 0])
    entries = set(twin.model.subgraphs[0].inputs)
    return Fossil(
        ends=(pairs * [-1, 1]).reshape(-1),
        widths=np.repeat(widths, 2),
        is_input=np.repeat([not entries.isdisjoint(at) for at in places], 2),
        places=places,
        symmetric=symmetric,
        inputs=_input_ranges(twin, stored),
    )


def _is_chosen(group: Group, known: set[tuple[int, int]]) -> bool:
    return not group.is_fixed and any(key in known for key in group.members)


def _dtype(twin: Twin, group: Group) -> str:
    graph, tensor = group.members[0]
    return twin.candidate.subgraphs[graph].tensors[tensor].dtype


def _input_ranges(twin: Twin, stored: Mapping[tuple[int, int], Range]) -> dict[int, Range]:
    """Input of the twin -> stored range; nothing where one of them has none."""
    at = {twin.place[key]: span for key, span in stored.items() if key[0] == 0}
    graph = twin.model.subgraphs[0]
    if not all(index in at for index in graph.inputs):
        return {}
    return {index: at[index] for index in graph.inputs}


def _reach(rows: Array) -> Array:
    """Outward ends (n, 2) of each row."""
    flat = rows.reshape(len(rows), -1)
    low, high = flat.min(axis=1, initial=0.0), flat.max(axis=1, initial=0.0)
    ends: Array = np.stack([-low, high], axis=1)
    return ends.astype(np.float64)
