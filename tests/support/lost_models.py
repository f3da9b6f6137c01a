"""Models that do not know their task, and what samples do inside them: evidence for checks."""

from dataclasses import replace

import numpy as np
from evidence import compared, evidence, moved, passed_over, seen_labels, seen_output

from edgecheck.compare.signal import LayerSignal, Signal

PLAIN = LayerSignal(
    index=-1, op="INPUT", name="x", tensor=0, inputs=(), deviation=1.0, units=8, dead=0,
    railed=None, is_output=False, decides=False,
)  # fmt: skip


def layer(index, **changes):
    """The operator of this number, which reads the one before."""
    own = {"index": index, "op": "FULLY_CONNECTED", "name": f"t{index}", "tensor": index + 1}
    return replace(PLAIN, **{**own, "deviation": 0.5, "inputs": (index,), **changes})


def heard(*layers, who="reference"):
    last = max(
        (each for each in layers if each.is_output), key=lambda each: each.index, default=PLAIN
    )
    return Signal(who, 128, (PLAIN, *layers), {"output": last.tensor})


LAST = {"decides": True, "is_output": True}


def labels(accuracy, counts=(100, 100), confusion=None):
    """Of 200 samples of two classes, met so often by both models."""
    if confusion is None:
        right = [round(accuracy * each) for each in counts]
        confusion = [[right[0], counts[0] - right[0]], [counts[1] - right[1], right[1]]]
    half = np.array(confusion, np.int64)
    return seen_labels(
        labelled=sum(counts), class_counts=dict(enumerate(counts)), highest=1,
        candidate_accuracy=accuracy, reference_accuracy=accuracy,
        confusion=np.stack([half // 2, half - half // 2]),
    )  # fmt: skip


def seen(accuracy=0.5, counts=(100, 100), top=(120, 80), confusion=None, **parts):
    """Evidence of a reference and its candidate that meet labels so often."""
    output = compared(
        labels=labels(accuracy, counts, confusion),
        candidate=seen_output(class_counts=np.array(top)),
        reference=seen_output(class_counts=np.array(top)),
    )
    return evidence(comparison=passed_over(output), sensitivities=(moved(),), **parts)


def rules(check, case):
    return [(finding.rule, finding.severity) for finding in check(case)]


DEAD = heard(layer(0), layer(1, dead=8, deviation=0.0), layer(2, deviation=0.0, **LAST))
