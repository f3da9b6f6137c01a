"""Activation ranges from samples: the twin runs once, and each way to choose them is computed."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from edgecheck.compare.experiment import Setup
from edgecheck.compare.stream import Progress
from edgecheck.compare.twin_run import open_twin
from edgecheck.compare.walk_plan import followed
from edgecheck.metrics.histogram import ValueHistogram
from edgecheck.samples.chunk import Dataset
from edgecheck.tensors import Array, integer_range
from edgecheck.tflite.calls import Key
from edgecheck.tflite.dequantize.twin import Twin
from edgecheck.tflite.graph import Model
from edgecheck.tflite.recalibrate.activation_ranges import Range, stored_ranges
from edgecheck.tflite.recalibrate.same_scale import groups

Seen = Mapping[Key, ValueHistogram]
"""(Subgraph, tensor of the candidate) -> the values that the twin gives it."""

_STEPS = 48
"""Ends that are tried on either side for the smallest error."""


def calibrated_keys(data: bytes, twin: Twin) -> tuple[Key, ...]:
    """The activations whose ranges can be chosen from what the main graph of the twin gives.

    All members of a group must be seen, and none may be fixed (see `same_scale.groups`).

    Args:
        data: the candidate.
        twin: of it.
    """
    seen = {(0, step.tensor.index) for step in followed(twin.candidate, twin.place)}
    free = [group for group in groups(data, twin.candidate) if not group.is_fixed]
    return tuple(key for group in free if seen.issuperset(group.members) for key in group.members)


def gather(setup: Setup, twin: Twin, dataset: Dataset, progress: Progress) -> Seen:
    """Run samples through the twin, and count the values of every tensor that can be calibrated.

    Memory does not grow with the number of samples: each tensor has one histogram.

    Args:
        setup: the candidate, and how to run; its samples are not used.
        twin: of the candidate.
        dataset: the samples.
        progress: told (samples done, samples in all).

    Raises:
        SideFault: the twin was refused, crashed or hung.
        RuntimeMissing: no backend works.
        DatasetUnreadable: a sample cannot be read or does not fit.
    """
    data = setup.candidate.path.read_bytes()
    seen = {key: ValueHistogram() for key in calibrated_keys(data, twin)}
    wanted = sorted({twin.place[key] for key in seen})
    with open_twin(replace(setup, dataset=dataset), twin, wanted) as opened:
        done = 0
        for ids, rows in opened.samples():
            for key, values in seen.items():
                values.update(rows[twin.place[key]])
            done += len(ids)
            progress(done, len(dataset))
    return seen


def merged(first: Seen, second: Seen) -> Seen:
    """What both saw, of the same tensors."""
    found = {}
    for key in first:
        found[key] = ValueHistogram()
        found[key].merge(first[key])
        found[key].merge(second[key])
    return found


def min_max(values: ValueHistogram, _dtype: str) -> Range:
    """The lowest and the highest value."""
    return values.low, values.high


def percentile(share: float) -> Callable[[ValueHistogram, str], Range]:
    """The range without the lowest and the highest (1 - share) of the values."""

    def chosen(values: ValueHistogram, _dtype: str) -> Range:
        low, high = values.quantiles((1 - share, share))
        return low, high

    return chosen


def least_error(values: ValueHistogram, dtype: str) -> Range:
    """The range of the least squared error: of what it clips, and of rounding inside.

    Rounding is taken as evenly spread over a step, step^2 / 12 a value (Bennett 1948, "Spectra of
    quantized signals"), and as nothing at 0, which has a code. Both ends are searched on a grid
    from the full range down to a fiftieth of it.
    """
    centres, counts = values.compute()
    low, high = min(values.low, 0.0), max(values.high, 0.0)
    shares = np.linspace(1, 1 / (_STEPS + 2), _STEPS)
    lows, highs = low * shares, high * shares
    beyond = _clipped(-centres[::-1], counts[::-1], -lows)[:, None]
    beyond = beyond + _clipped(centres, counts, highs)
    qmin, qmax = integer_range(dtype)
    if dtype == "int16":
        steps = np.maximum(lows[:, None] / qmin, highs / qmax)
    else:
        steps = (highs - lows[:, None]) / (qmax - qmin)
    error = beyond + counts.sum() * steps**2 / 12
    first, second = np.unravel_index(int(error.argmin()), error.shape)
    return float(lows[first]), float(highs[second])


def _clipped(centres: Array, counts: Array, ends: Array) -> Array:
    """Sum of (value - end)^2 over the values above each end, float64 (ends,)."""
    distance = np.maximum(centres - ends[:, None], 0)
    return np.asarray((distance * distance) @ counts)


METHODS: Final[Mapping[str, Callable[[ValueHistogram, str], Range]]] = {
    "min/max": min_max,
    "percentile 99.99": percentile(0.9999),
    "percentile 99.9": percentile(0.999),
    "least squared error": least_error,
}
"""Ways to choose the range of one tensor from its values and its type."""


def ranges(seen: Seen, twin: Twin, method: str) -> dict[Key, Range]:
    """Ranges by a method of `METHODS`; none for a tensor that was not finite throughout."""
    tensors = twin.candidate.subgraphs[0].tensors
    return {
        key: METHODS[method](values, tensors[key[1]].dtype)
        for key, values in seen.items()
        if not values.nonfinite and values.low <= values.high
    }


def sound_ports(data: bytes, model: Model, seen: Seen) -> frozenset[Key]:
    """Those of the seen activations that share the range of an input or output which fits.

    Device code holds the parameters of inputs and outputs, so they change only where values are
    cut off by more than a step or use less than a quarter of the range.
    """
    stored = stored_ranges(model)
    main = model.subgraphs[0]
    ports = {(0, index) for index in (*main.inputs, *main.outputs)}
    found: set[Key] = set()
    for group in groups(data, model):
        members = seen.keys() & set(group.members)
        if members and not ports.isdisjoint(group.members):
            low, high = stored[group.members[0]]
            first = min(min(seen[key].low, 0.0) for key in members)
            last = max(max(seen[key].high, 0.0) for key in members)
            step = (high - low) / 255
            fits = low - step <= first and last <= high + step
            if fits and last - first >= (high - low) / 4:
                found |= members
    return frozenset(found)
