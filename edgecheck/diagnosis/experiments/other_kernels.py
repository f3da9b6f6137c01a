"""The same file in the builtin kernels instead of the default ones."""

from collections.abc import Sequence
from dataclasses import replace

from edgecheck.compare.beside import Variant
from edgecheck.diagnosis.experiments.bench import Bench, Impossible
from edgecheck.diagnosis.experiments.effect import Outcome, outcome
from edgecheck.findings import Finding
from edgecheck.runtime.backends import MICRO, Backend


def builtin_kernels(
    bench: Bench, findings: Sequence[Finding], others: Sequence[Finding]
) -> Outcome:
    """Run the candidate without the delegate that it was run with: asked for, or taken by default.

    Raises:
        Impossible: it did not run in that one, or is off by tensors that are kept; or weights are no
            numbers, of which kernels make what they like.
        SideFault: a model was refused, crashed or hung.
    """
    if any(f.rule == "nan-or-inf-weights" and f.severity == "error" for f in others):
        raise Impossible("kernels need not agree on weights that are NaN or infinite")
    used = bench.evidence.runtime
    if used is not None and used[0] in MICRO:
        return _on_the_desk(bench, MICRO[used[0]])
    is_other = any(finding.evidence.get("kind", "delegate") != "delegate" for finding in findings)
    if bench.kernels != "default" or is_other:
        raise Impossible("no delegate computed the outputs")
    candidate = bench.setup.candidate
    variants = [Variant("default", candidate), Variant("builtin", candidate, "builtin")]
    seen = bench.measured(bench.some(), bench.reference, variants)
    left_out = "XNNPACK" if candidate.delegate is None else candidate.delegate.library
    action = f"the same file run in the builtin kernels, without {left_out}"
    tolerances = bench.evidence.spec.tolerances
    return outcome(action, seen["default"], seen["builtin"], tolerances)


def _on_the_desk(bench: Bench, micro: Backend) -> Outcome:
    """The candidate outside the runtime for microcontrollers that it was run in."""
    candidate = bench.setup.candidate
    there = Variant("default", replace(candidate, backend=micro))
    seen = bench.measured(
        bench.some(), bench.reference, [there, Variant("builtin", candidate, "builtin")]
    )
    action = f"the same file run in {bench.setup.backends[0].name} instead of TFLM"
    return outcome(action, seen["default"], seen["builtin"], bench.evidence.spec.tolerances)
