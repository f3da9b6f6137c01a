"""The candidate in other kernels: with and without kept tensors, with and without the delegate.

Part of a walk: does what it saw, in builtin kernels that keep all tensors, hold for the file as it
runs? `repeats.py` asks of every pass, walk or not, and of a delegate that the user named.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import prod

import numpy as np

from edgecheck.compare.stream import blaming
from edgecheck.compare.walk_sessions import Page, Walkers, real_outputs
from edgecheck.errors import LoadFault
from edgecheck.metrics.sqnr import decibels
from edgecheck.runtime.job import Kernels
from edgecheck.tensors import Array, flat_rows
from edgecheck.tflite.graph import Port

_ROWS = 32
_PAGE_BYTES = 1 << 22


@dataclass(frozen=True)
class KernelOutput:
    """One output of the candidate, run in three ways on the same samples."""

    name: str
    elements: int
    """Of one sample."""
    changed_rows: int
    """Samples whose output is not bit-equal when all tensors are kept, in the builtin kernels."""
    sqnr_db: float | None
    """Default kernels against builtin ones; None where the default ones do not take the model."""
    agreement: float | None
    """Share of samples with the same largest element; None for a single element."""
    largest_difference: float | None
    """Between default and builtin kernels, in real units."""


@dataclass(frozen=True)
class KernelComparison:
    """The first samples of the dataset in other kernels."""

    samples: int
    outputs: tuple[KernelOutput, ...]


class FirstRows:
    """What the candidate gives out for the first samples of a walk, all tensors kept."""

    def __init__(self, walkers: Walkers) -> None:
        ports = real_outputs(walkers.opener.setup.candidate)
        self._tensors = sorted({port.tensor.index for port in ports})
        shapes = walkers.candidate.output_shapes
        elements = max(1, sum(prod(shapes[str(index)]) for index in self._tensors))
        self.most = max(1, min(_ROWS, _PAGE_BYTES // (4 * elements)))
        self._missing = self.most
        self._pages: list[dict[int, Array]] = []

    def add(self, page: Page) -> None:
        """Copy what is still missing."""
        if self._missing > 0:
            rows = {index: page.candidate[index][: self._missing] for index in self._tensors}
            self._pages.append({index: values.copy() for index, values in rows.items()})
            self._missing -= len(page.ids)

    def of(self, tensor: int) -> Array:
        """Rows (n, elements) of an output."""
        if not self._pages:
            return np.empty((0, 1), np.float32)
        return flat_rows(np.concatenate([page[tensor] for page in self._pages]))


def compare_kernels(walkers: Walkers, kept: FirstRows) -> KernelComparison:
    """Run the first samples without keeping tensors, in the builtin and in the default kernels.

    The process of the walk's candidate loads it anew for each.

    Args:
        walkers: at the end of the walk.
        kept: the same samples with all tensors kept, as the walk had them.

    Raises:
        SideFault: the candidate was refused by the builtin kernels, crashed or hung.
    """
    ports = real_outputs(walkers.opener.setup.candidate)
    with blaming("candidate"):
        _load(walkers, ports, "builtin")
    plain = _run(walkers, ports, kept.most)
    is_taken = _takes_default(walkers, ports)
    default = _run(walkers, ports, kept.most) if is_taken else dict.fromkeys(plain)
    return KernelComparison(
        len(next(iter(plain.values()), ())),
        tuple(
            _compared(port.name, plain[port.name], kept.of(port.tensor.index), default[port.name])
            for port in ports
        ),
    )


def _load(walkers: Walkers, ports: Sequence[Port], kernels: Kernels) -> None:
    opener = walkers.opener
    job = opener.job(opener.setup.candidate, ports, kernels, preserves=False)
    walkers.candidate.load(replace(job, backend=opener.setup.backends[0].name))


def _takes_default(walkers: Walkers, ports: Sequence[Port]) -> bool:
    """Load the candidate in its default kernels; False where they refuse it."""
    with blaming("candidate"):
        try:
            _load(walkers, ports, "default")
        except LoadFault:
            return False
    return True


def _run(walkers: Walkers, ports: Sequence[Port], rows: int) -> dict[str, Array]:
    """Output -> rows (n, elements) for the first samples, of the candidate as it is loaded."""
    opener, session = walkers.opener, walkers.candidate
    feeds = opener.feeds(rows)
    with blaming("candidate"):
        session.attach(feeds)
    for ids, page in islice(opener.chunks(feeds), 1):
        session.submit(page, len(ids))
        with blaming("candidate", ids):
            return {name: flat_rows(found) for name, found in session.collect().outputs.items()}
    return {port.name: np.empty((0, 1), np.float32) for port in ports}


def _compared(name: str, plain: Array, kept: Array, default: Array | None) -> KernelOutput:
    """Rows (n, elements) of one output."""
    both = (plain, kept[: len(plain)])
    bits = [np.ascontiguousarray(rows).view(np.uint32) for rows in both]
    changed = int((bits[0] != bits[1]).any(axis=1).sum())
    if default is None or not len(plain):
        return KernelOutput(name, plain.shape[1], changed, None, None, None)
    known = np.isfinite(plain) & np.isfinite(default)
    ours, theirs = plain[known].astype(np.float64), default[known].astype(np.float64)
    is_scored = plain.shape[1] > 1 and bool(known.all())
    agreement = float((plain.argmax(1) == default.argmax(1)).mean()) if is_scored else None
    return KernelOutput(
        name=name,
        elements=plain.shape[1],
        changed_rows=changed,
        sqnr_db=float(decibels((ours**2).sum(), ((ours - theirs) ** 2).sum())),
        agreement=agreement,
        largest_difference=float(np.abs(ours - theirs).max(initial=0.0)),
    )
