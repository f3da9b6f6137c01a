"""Which experiment undoes which cause."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from edgecheck.diagnosis.experiments.bench import Bench
from edgecheck.diagnosis.experiments.biases import refit_biases
from edgecheck.diagnosis.experiments.copied_codes import tie_or_split
from edgecheck.diagnosis.experiments.effect import Outcome
from edgecheck.diagnosis.experiments.float_operator import in_float
from edgecheck.diagnosis.experiments.new_ranges import as_trained, recalibrate
from edgecheck.diagnosis.experiments.nonfinite import without_nonfinite
from edgecheck.diagnosis.experiments.other_kernels import builtin_kernels
from edgecheck.diagnosis.experiments.reference_weights import from_reference
from edgecheck.diagnosis.experiments.split_head import split_head
from edgecheck.findings import Finding

Experiment: TypeAlias = Callable[[Bench, Sequence[Finding], Sequence[Finding]], Outcome]
"""Given the bench, the findings that it is to undo together, and all findings of the run. Raises
`Impossible` where it cannot be made, SideFault where a model misbehaves in it."""

EXPERIMENTS: Final[Mapping[str, Experiment]] = {
    "activation-sensitive-op": in_float,
    "bias-overflow": refit_biases,
    "calibrated-on-noise": recalibrate,
    "calibrated-on-one-sample": recalibrate,
    "calibration-degenerate": recalibrate,
    "calibration-preprocessing-mismatch": recalibrate,
    "calibration-unrepresentative": recalibrate,
    "concat-scale-mismatch": tie_or_split,
    "delegate-divergence": builtin_kernels,
    "fp16-overflow": from_reference,
    "head-shared-scale": split_head,
    "in-graph-normalization-int8": recalibrate,
    "kernel-divergence": builtin_kernels,
    "layer-weights-differ": from_reference,
    "nan-or-inf-weights": without_nonfinite,
    "qat-conversion-mismatch": as_trained,
    "quant-range-outlier": recalibrate,
    "quant-scale-degenerate": recalibrate,
    "weight-per-tensor-loss": from_reference,
    "weights-not-loaded": from_reference,
    "wrong-model-file": from_reference,
}
"""Rule -> experiment. Those with the same one are undone together, where they are of one severity
(and, but for ranges, of one rule). What the application does wrong is undone by trials of other
steps instead; float16 and int16 need another conversion."""


def experiment_of(finding: Finding) -> Experiment | None:
    """What undoes the cause that a finding names; None where nothing in memory does.

    An activation beyond float16 is large without any file's fault, and features that share one
    scale share it in whatever range.
    """
    if finding.evidence.get("kind") in {"activation", "too-large"} or finding.evidence.get(
        "lost_features"
    ):
        return None
    if finding.rule == "quant-range-outlier" and finding.evidence.get("channel") is not None:
        return in_float  # no range suits all channels
    return EXPERIMENTS.get(finding.rule)
