"""The same file in the builtin kernels instead of the default ones."""

from collections.abc import Sequence

from edgecheck.compare.beside import Variant
from edgecheck.diagnosis.experiments.bench import Bench, Impossible
from edgecheck.diagnosis.experiments.effect import Outcome, outcome
from edgecheck.findings import Finding


def builtin_kernels(
    bench: Bench, findings: Sequence[Finding], _others: Sequence[Finding]
) -> Outcome:
    """Run the candidate without the delegate that its runtime takes by default.

    Raises:
        Impossible: it did not run in that one, or is off by tensors that are kept.
        SideFault: a model was refused, crashed or hung.
    """
    is_other = any(finding.evidence.get("kind") != "delegate" for finding in findings)
    if bench.kernels != "default" or is_other:
        raise Impossible("no delegate computed the outputs")
    candidate = bench.setup.candidate
    variants = [Variant("default", candidate), Variant("builtin", candidate, "builtin")]
    seen = bench.measured(bench.some(), bench.reference, variants)
    action = "the same file run in the builtin kernels, without XNNPACK"
    tolerances = bench.evidence.spec.tolerances
    return outcome(action, seen["default"], seen["builtin"], tolerances)
