"""Labels that the model meets in another order: their best assignment to its classes."""

from collections.abc import Iterator, Sequence

import numpy as np

from edgecheck import proof_thresholds, thresholds
from edgecheck.checks.evidence import Evidence, NotApplicable
from edgecheck.checks.float_model import commonest_share, gained
from edgecheck.checks.initial_weights import layers_as_drawn
from edgecheck.checks.proofs import mends_half, reached
from edgecheck.compare.statistics import LabelStatistics
from edgecheck.findings import Finding, Proof, Subject
from edgecheck.metrics.assignment import Reordering, reordering
from edgecheck.rules.dataset.label_order_or_offset import LabelOrderOrOffset
from edgecheck.tensors import Array

_SHOWN, _KEPT = 4, 50


def check(evidence: Evidence) -> Iterator[Finding]:
    """The labels are not met far better in another order of the classes."""
    known = [o.labels for o in evidence.outputs if o.labels and o.labels.confusion is not None]
    if not known or known[0].labelled < thresholds.MIN_DISTINCT_INPUTS:
        raise NotApplicable(f"fewer than {thresholds.MIN_DISTINCT_INPUTS} samples are labelled")
    if layers_as_drawn(evidence):
        raise NotApplicable("the weights are as drawn: any net sorts samples in some way")
    found = _reordered(known[0])
    if found is None:
        return
    order, moved = found
    if _are_met_by_steps(evidence, order.right_after / order.samples):
        return
    pairs = [(int(label), int(order.order[label])) for label in moved]
    words = _words(pairs)
    tried = [order.right_before, order.right_after, order.samples]
    rule = LabelOrderOrOffset(
        f"read so that {words}, {tried[1]} of {tried[2]} labelled samples are answered rightly "
        f"instead of {tried[0]}",
        order=[list(pair) for pair in pairs[:_KEPT]],
        tried=tried,
    )
    proof = Proof(
        action=f"{order.samples} labels read so that {words}",
        metric="accuracy",
        before=order.right_before / order.samples,
        after=order.right_after / order.samples,
    )
    yield Finding.of(rule, Subject("dataset", "labels"), proof=proof)


def proof_of_order(evidence: Evidence) -> Proof | None:
    """That labels are met in another order, where they are; None where nobody knows.

    Where names and classes differ in number too, that shows that one class more or less is counted.
    """
    try:
        return next((finding.proof for finding in evidence.found_by(check)), None)
    except NotApplicable:
        return None


def reach(evidence: Evidence) -> float:
    """Share of the labels that are met in the best order of the classes; 0 if none is far better."""
    outputs = () if evidence.comparison is None else evidence.comparison.outputs
    known = [o.labels for o in outputs if o.labels and o.labels.confusion is not None]
    if not known or known[0].labelled < thresholds.MIN_DISTINCT_INPUTS or layers_as_drawn(evidence):
        return 0.0
    found = _reordered(known[0])
    return 0.0 if found is None else found[0].right_after / found[0].samples


def _are_met_by_steps(evidence: Evidence, share: float) -> bool:
    """Whether other steps meet about as large a share of the labels as they are, or more.

    Labels that never fit are met more often by any answer than by the right one.
    """
    met = reached(evidence)
    return met > 0 and met >= share - proof_thresholds.TRIAL_TIE


def _reordered(labels: LabelStatistics) -> tuple[Reordering, Array] | None:
    """The order that meets far more labels, and those of them that it moves; None without one."""
    counts = labels.confusion
    if counts is None:
        return None
    used = np.flatnonzero(counts.sum(axis=(0, 1)) + counts.sum(axis=(0, 2)))
    small = counts[:, used][:, :, used]
    whole = small.sum(axis=0)
    right, most, total = int(np.trace(whole)), int(whole.max(axis=1).sum()), int(whole.sum())
    if not (_is_far_more(right, most, total) or mends_half(right, most, total)):
        return None  # not even the commonest class of each label would be enough
    found = reordering(small)
    asked = found.right_before, found.right_after, found.samples
    is_better = _is_far_more(*asked) or (mends_half(*asked) and _trade_places(whole, found.order))
    common = commonest_share(labels)
    # Samples of one label show no order, whatever they are answered with.
    if not is_better or found.p >= proof_thresholds.TRIAL_P or common == 1:
        return None
    if gained(found.right_after / found.samples, common) < thresholds.WORKING_GAIN:
        return None
    order = np.arange(counts.shape[1])
    order[used] = used[found.order]
    met = counts.sum(axis=0)[np.arange(len(order)), order] > 0
    moved = np.flatnonzero(met & (order != np.arange(len(order))))
    return Reordering(order, found.samples, found.right_before, found.right_after, found.p), moved


def _is_far_more(before: int, after: int, samples: int) -> bool:
    return after - before > proof_thresholds.ORDER_GAIN * samples


def _trade_places(counts: Array, order: Array) -> bool:
    """Whether labels that take each other's places are enough to restore, as two of many classes.

    Most samples of each are answered with its new class, and so are those of the label that was
    there: a model that never knew one class answers with another one, which stays where it is.
    """
    classes = np.arange(len(order))
    kept, met = counts[classes, classes], counts[classes, order]
    is_told = (order != classes) & (2 * met > counts.sum(axis=1))
    trading = is_told & is_told[order]
    gain = int((met - kept)[trading].sum())
    before = int(kept.sum())
    return mends_half(before, before + gain, int(counts.sum()))


def _words(pairs: Sequence[tuple[int, int]]) -> str:
    """What becomes of the labels, as `every label n is class n + 1 of the model`."""
    shifts = {after - before for before, after in pairs}
    if len(pairs) > 1 and len(shifts) == 1:
        shift = shifts.pop()
        sign = "+" if shift > 0 else "-"
        return f"label n is class n {sign} {abs(shift)} of the model"
    shown = ", ".join(f"label {before} is class {after}" for before, after in pairs[:_SHOWN])
    return shown + (f" and {len(pairs) - _SHOWN} more move" if len(pairs) > _SHOWN else "")
