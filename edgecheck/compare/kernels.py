"""The candidate in other kernels: with and without kept tensors, with and without the delegate."""

from dataclasses import dataclass
from itertools import islice

import numpy as np

from edgecheck.compare.stream import blaming
from edgecheck.compare.walk_sessions import Opener
from edgecheck.metrics.sqnr import decibels
from edgecheck.runtime.discovery import Opened
from edgecheck.tensors import REAL_DTYPES, Array, flat_rows

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


def compare_kernels(opener: Opener) -> KernelComparison:
    """Run the first samples with the builtin kernels, the same with all tensors kept, and the
    default kernels.

    Raises:
        SideFault: the candidate was refused, crashed or hung in one of them.
    """
    candidate = opener.setup.candidate
    ports = [port for port in candidate.contract.outputs if port.tensor.dtype in REAL_DTYPES]
    opened = [
        opener.open(candidate, ports, "builtin", preserves=False),
        opener.open(candidate, ports, "builtin", preserves=True),
        opener.open(candidate, ports, "default", preserves=False),
    ]
    names = [port.name for port in ports]
    plain, kept, default = _run(opener, opened, names)
    is_refused = opened[2].kernels == "builtin"
    return KernelComparison(
        len(next(iter(plain.values()), ())),
        tuple(
            _compared(name, plain[name], kept[name], None if is_refused else default[name])
            for name in names
        ),
    )


def _run(opener: Opener, opened: list[Opened], names: list[str]) -> list[dict[str, Array]]:
    """The outputs of every session on the first samples."""
    sizes = opened[0].session.output_shapes.values()
    elements = max(1, sum(int(np.prod(shape)) for shape in sizes))
    rows = max(1, min(_ROWS, _PAGE_BYTES // (4 * elements)))
    feeds = opener.feeds(rows)
    with blaming("candidate"):
        for one in opened:
            one.session.attach(feeds)
    for ids, page in islice(opener.chunks(feeds), 1):
        for one in opened:
            one.session.submit(page, len(ids))
        with blaming("candidate", ids):
            return [
                {name: flat_rows(rows) for name, rows in one.session.collect().outputs.items()}
                for one in opened
            ]
    return [{name: np.empty((0, 1), np.float32) for name in names} for _ in opened]


def _compared(name: str, plain: Array, kept: Array, default: Array | None) -> KernelOutput:
    """Rows (n, elements) of one output."""
    bits = [np.ascontiguousarray(rows).view(np.uint32) for rows in (plain, kept)]
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
