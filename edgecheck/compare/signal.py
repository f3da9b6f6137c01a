"""What the samples do to a float model, tensor by tensor: where they stop making a difference.

One pass over a few samples with all tensors kept. Of each tensor only moments stay, and of wide
ones only every so many elements: memory is that of a few samples.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from shutil import rmtree
from typing import Literal

import numpy as np

from edgecheck import thresholds
from edgecheck.compare.entrant import Entrant
from edgecheck.compare.experiment import Setup
from edgecheck.compare.stream import blaming
from edgecheck.compare.twin_run import TwinRun
from edgecheck.compare.walk_plan import Followed, followed
from edgecheck.compare.walk_sessions import Opener, page_rows, ports_of
from edgecheck.metrics.moments import Moments
from edgecheck.metrics.rowwise import are_distributions, softmax
from edgecheck.runtime.exchange import shared_folder
from edgecheck.tensors import Array

LISTENED = 128
"""Samples that are looked at."""
_ELEMENTS = 1 << 14
"""Of one tensor, evenly spread."""
_CLASSES = 1024
_RAILS = {"LOGISTIC": (0.0, 1.0), "TANH": (-1.0, 1.0)}

Listened = Literal["candidate", "reference", "twin"]


@dataclass(frozen=True)
class LayerSignal:
    """One float tensor over the samples."""

    index: int
    """Of the operator that writes it; -1 for an input of the model."""
    op: str
    name: str
    tensor: int
    inputs: tuple[int, ...]
    """The activations that the operator reads."""
    deviation: float
    """Over samples, of each element, for each unit of the elements' size: the root of the mean
    variance by that of the mean square. 0 where nothing moves; NaN without a finite value."""
    units: int
    """Along the last axis."""
    dead: int
    """Units that are 0 for every sample at every position."""
    railed: float | None
    """Share of the values at the rails of a sigmoid or tanh; None for other operators."""
    is_output: bool
    decides: bool
    """As in `LayerStatistics`."""
    probabilities: tuple[float, ...] = ()
    """Mean over the samples, of an output of a row of values; a softmax is taken where they are no
    probabilities already. One probability p becomes (1 - p, p)."""


@dataclass(frozen=True)
class Signal:
    """What was seen of a model."""

    who: Listened
    samples: int
    """That were followed: those whose values are all finite. One that is not spoils all sums."""
    layers: tuple[LayerSignal, ...]
    """The inputs, then every tensor in order of execution."""
    outputs: Mapping[str, int] = field(default_factory=dict)
    """Name of an output of the model -> its tensor."""
    left_out: int = 0
    """Samples with NaN or infinities."""


def listen(setup: Setup, entrant: Entrant, who: Listened) -> Signal:
    """Run the samples through one float model with all tensors kept.

    Args:
        setup: with the few samples.
        entrant: a float .tflite file that is entered at its main graph.
        who: what it is.

    Raises:
        SideFault: the model was refused, crashed or hung.
        RuntimeMissing: no backend works.
        DatasetUnreadable: a sample cannot be read any more.
    """
    tensors = entrant.model.subgraphs[0].tensors
    plan = followed(entrant.model, {(0, tensor.index): tensor.index for tensor in tensors})
    folder = shared_folder()
    with ExitStack() as stack:
        stack.callback(rmtree, folder, ignore_errors=True)
        opener = Opener(setup, folder, stack)
        ports = ports_of(entrant.model, sorted({step.tensor.index for step in plan}))
        session = opener.open(entrant, ports, "builtin", preserves=True).session
        feeds = opener.feeds(page_rows([session]))
        with blaming(entrant.who):
            session.attach(feeds)
        totals = [_Totals(step) for step in plan]
        kept = left_out = 0
        for ids, rows in TwinRun(opener, session, feeds, entrant.bound).samples():
            counted = _count(totals, rows, len(ids))
            kept, left_out = kept + counted, left_out + len(ids) - counted
    outputs = {port.name: port.tensor.index for port in entrant.contract.outputs}
    return Signal(who, kept, tuple(total.layer() for total in totals), outputs, left_out)


def _count(totals: Sequence["_Totals"], rows: Mapping[int, Array], samples: int) -> int:
    """Count the samples whose inputs are all finite, and give their number."""
    is_finite = np.ones(samples, bool)
    for total in totals:
        if total.step.index < 0:
            is_finite &= np.isfinite(rows[total.step.tensor.index].reshape(samples, -1)).all(axis=1)
    for total in totals if is_finite.any() else ():
        values = rows[total.step.tensor.index]
        total.add(values if is_finite.all() else values[is_finite])
    return int(is_finite.sum())


class _Totals:
    """The running sums of one tensor."""

    def __init__(self, step: Followed) -> None:
        self.step = step
        self._moments: Moments | None = None
        self._largest = np.zeros(1, np.float32)
        self._railed = self._values = self._samples = 0
        self._probabilities: _Shares | None = None

    def add(self, rows: Array) -> None:
        """Count rows (n, ...), float32."""
        flat = rows.reshape(len(rows), -1)
        stride = max(1, -(-flat.shape[1] // _ELEMENTS))
        kept = flat[:, ::stride]
        if self._moments is None:
            self._moments = Moments(kept.shape[1])
        self._moments.update(kept)
        units = rows.shape[-1] if rows.ndim > 1 else 1
        largest = np.abs(rows.reshape(-1, units)).max(axis=0, initial=0)
        self._largest = np.maximum(self._largest, largest)
        if self.step.op in _RAILS:
            low, high = _RAILS[self.step.op]
            slack = thresholds.AT_RAIL * (high - low)
            self._railed += int(((kept < low + slack) | (kept > high - slack)).sum())
            self._values += kept.size
        if self.step.is_output and flat.shape[1] <= _CLASSES:
            if self._probabilities is None:
                self._probabilities = _Shares(flat.shape[1])
            self._probabilities.add(flat)
        self._samples += len(rows)

    def layer(self) -> LayerSignal:
        """What was seen."""
        step = self.step
        return LayerSignal(
            index=step.index,
            op=step.op,
            name=step.tensor.name,
            tensor=step.tensor.index,
            inputs=step.inputs,
            deviation=_deviation(self._moments),
            units=len(self._largest),
            dead=int((self._largest == 0).sum()),
            railed=self._railed / self._values if self._values else None,
            is_output=step.is_output,
            decides=step.decides,
            probabilities=() if self._probabilities is None else self._probabilities.means(),
        )


def _deviation(moments: Moments | None) -> float:
    if moments is None:
        return float("nan")
    seen = moments.compute()
    known = np.isfinite(seen.std)
    variance, square = seen.std[known] ** 2, seen.mean[known] ** 2 + seen.std[known] ** 2
    if not known.any():
        return float("nan")
    size = float(square.mean())
    return float(np.sqrt(variance.mean() / size)) if size else 0.0


class _Shares:
    """Mean probabilities of an output. What it holds, probabilities or logits, only all rows tell."""

    def __init__(self, values: int) -> None:
        self._plain = np.zeros(values)
        self._squashed = np.zeros(values)
        self._are_plain = True
        self._rows = 0

    def add(self, rows: Array) -> None:
        """Count rows (n, values), read in both ways."""
        values = rows.astype(np.float64)
        is_one = values.shape[1] == 1
        squashed = _sigmoid(values) if is_one else softmax(values)
        are_plain = _are_shares(values) if is_one else are_distributions(values)
        self._are_plain = self._are_plain and are_plain
        with np.errstate(invalid="ignore", over="ignore"):
            self._plain += values.sum(axis=0)
            self._squashed += squashed.sum(axis=0)
        self._rows += len(values)

    def means(self) -> tuple[float, ...]:
        """Of each class; one probability p becomes (1 - p, p). Empty where some are not finite."""
        means = (self._plain if self._are_plain else self._squashed) / max(self._rows, 1)
        if len(means) == 1:
            means = np.array([1 - means[0], means[0]])
        return tuple(means.tolist()) if np.isfinite(means).all() else ()


def _are_shares(values: Array) -> bool:
    """Whether every finite value is in [0, 1]."""
    known = values[np.isfinite(values)]
    return bool(((known >= 0) & (known <= 1)).all())


def _sigmoid(values: Array) -> Array:
    """The logistic function, float64; its power never overflows."""
    power = np.exp(-np.abs(values))
    return np.asarray(np.where(values >= 0, 1, power) / (1 + power))
