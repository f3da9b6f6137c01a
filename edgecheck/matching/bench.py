"""The bench on which a dump is examined: which rows, which places, which mistakes."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import starmap

import numpy as np

from edgecheck.matching.probe import Move, Probe, probe_of, telling_rows
from edgecheck.matching.search import SearchBench
from edgecheck.matching.shifted import shift_of
from edgecheck.matching.shifts import likely_shifts
from edgecheck.matching.target import Domain
from edgecheck.mistakes.bank import usual_mistakes
from edgecheck.mistakes.channels import gray, late_orders
from edgecheck.mistakes.geometry import mixes_lines, of_pixels
from edgecheck.mistakes.integers import is_quantized
from edgecheck.mistakes.mistake import Mistake, Receiver
from edgecheck.mistakes.pictures import as_pictures, sides
from edgecheck.tensors import Array

_NOT_POINTWISE = frozenset({"same-frame", "rgba-as-rgb"})
"""One needs other rows, the other the neighbours of a pixel."""
_BY_HAND = "centred-pixels"
"""Of int8 inputs, pixels minus 128 are codes made by hand: where quantizing them once more makes the
same, that is what happened."""
_UNDONE = "byte-swapped"
"""Of floats, that is put right before: what it makes has no range to measure by."""
_GRAYS = (
    ("the first channel in place of every one", (1.0, 0.0, 0.0)),
    ("the second channel in place of every one", (0.0, 1.0, 0.0)),
    ("the third channel in place of every one", (0.0, 0.0, 1.0)),
    ("the mean of the channels in place of every one", (1 / 3, 1 / 3, 1 / 3)),
    ("gray pictures, repeated in every channel, weighted as if they were BGR", (0.114, 0.587, 0.299)),
)  # fmt: skip


def bench_of(
    domain: Domain, prepared: Array, found: Array, focus: Array | None = None
) -> SearchBench:
    """The rows that tell most, and the mistakes that could have made them.

    Args:
        domain: of the dump.
        prepared: float32 (n, *shape).
        found: float64 (n, *shape).
        focus: bool (n, *shape), elements that need a closer look.
    """
    receiver = domain.receiver
    rows = telling_rows(prepared, receiver, focus)
    probe = probe_of(receiver, None if focus is None else focus[rows])
    right, theirs = prepared[rows], found[rows]
    usual = usual_mistakes(receiver)
    return SearchBench(
        probe=probe,
        domain=domain,
        rows=rows,
        right=right,
        found=probe.at(theirs),
        moves=tuple(_moves(probe, right, theirs, usual)),
        pointwise=tuple(_pointwise(usual, receiver)),
    )


def _moves(probe: Probe, right: Array, found: Array, usual: tuple[Mistake, ...]) -> Iterator[Move]:
    yield Move((), probe.places)
    if not probe.can_move:
        return
    for mistake in usual:
        if mistake.step == "geometry" and mistake.rule != "input-shifted":
            yield (move := probe.move(mistake))
            if mixes_lines(mistake, probe.full):
                yield replace(move, mistakes=(of_pixels(mistake),), is_of_pixels=True)
    gray_found, gray_right = (_gray(rows, probe.full) for rows in (found, right))
    for down, right_by in likely_shifts(gray_found, gray_right):
        yield probe.translation(shift_of(down, right_by), down, right_by)


def _gray(rows: Array, receiver: Receiver) -> Array:
    return np.asarray(as_pictures(rows, receiver).mean(axis=-1, dtype=np.float64))


def _pointwise(usual: tuple[Mistake, ...], receiver: Receiver) -> Iterator[Mistake]:
    is_late = receiver.tensor.dtype == "int8" and is_quantized(receiver)
    for mistake in sorted(usual, key=lambda each: is_late and each.key == _BY_HAND):
        is_undone = mistake.key == _UNDONE and not is_quantized(receiver)
        if mistake.step != "geometry" and mistake.key not in _NOT_POINTWISE and not is_undone:
            yield mistake
    if receiver.is_picture and sides(receiver)[2] == 3:
        yield from starmap(_other_gray, _GRAYS)
        yield from late_orders(receiver)


def _other_gray(words: str, weights: tuple[float, ...]) -> Mistake:
    return gray("gray-x3", words, weights)
