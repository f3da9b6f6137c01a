"""Biases in the steps that kernels take them in, with room for their sums."""

from collections.abc import Sequence

from edgecheck.compare.beside import Variant
from edgecheck.diagnosis.experiments.bench import Bench, Impossible
from edgecheck.diagnosis.experiments.effect import Outcome, outcome
from edgecheck.diagnosis.experiments.reference_weights import from_reference
from edgecheck.findings import Finding
from edgecheck.tflite.recalibrate.recalibrated import BiasOverflow, with_matching_biases


def refit_biases(bench: Bench, findings: Sequence[Finding], others: Sequence[Finding]) -> Outcome:
    """Store every bias anew; what was clipped is lost, and only the reference has it.

    Raises:
        Impossible: they are stored rightly, or cannot be.
        SideFault: a model was refused, crashed or hung.
    """
    if any(finding.evidence.get("kind") == "clipped" for finding in findings):
        return from_reference(bench, findings, others)
    evidence = bench.evidence
    try:
        data = with_matching_biases(evidence.data, evidence.model)
    except BiasOverflow as overflow:
        raise Impossible(str(overflow)) from None
    if data == evidence.data:
        raise Impossible("every bias is stored as kernels take it")
    variants = [
        Variant("stored", bench.setup.candidate, bench.kernels),
        Variant("refitted", bench.changed(data, "biases"), bench.kernels),
    ]
    seen = bench.measured(bench.some(), bench.reference, variants)
    action = "biases stored in the steps that kernels take them in"
    return outcome(action, seen["stored"], seen["refitted"], evidence.spec.tolerances)
