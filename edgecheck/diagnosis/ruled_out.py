"""What was looked into and is not the cause: checks that passed, trials and experiments that changed
nothing, stages that keep parity.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from math import inf
from typing import Final

from edgecheck.chain import StageName
from edgecheck.checks.evidence import Evidence
from edgecheck.checks.layer_weights import kept_weights
from edgecheck.checks.proofs import best_by_labels, better_alone
from edgecheck.compare.stages import Step
from edgecheck.compare.summary import output_metrics
from edgecheck.diagnosis.places import ALL, CANDIDATE, LABELS, MODEL, Effect
from edgecheck.diagnosis.scene import sound_steps
from edgecheck.findings import CheckOutcome, Finding, RuledOut
from edgecheck.rules.wording import Fed, count, number, percent, plain

CHECKED: Final[dict[str, tuple[str, frozenset[Effect]]]] = {
    "label-order": ("labels in another order than the classes", LABELS),
    "input-range": ("samples outside of the promised range", ALL),
    "in-graph-normalization": ("values that the model scales a second time", ALL),
    "signal": ("a layer that stops the signal", MODEL),
    "calibration-range": ("an input calibrated for other values", CANDIDATE),
    "quantization-scales": ("scales that no calibration makes", CANDIDATE),
    "layer-ranges": ("activation ranges that cut values off", CANDIDATE),
    "layer-steps": ("activation ranges that are far too wide", CANDIDATE),
    "output-groups": ("parts of an output that share one scale", CANDIDATE),
    "constants-finite": ("NaN or infinity in the weights", ALL),
    "bias-values": ("biases that overflow", CANDIDATE),
    "input-finite": ("NaN in the samples", ALL),
    "input-variation": ("samples that are all alike", MODEL),
}
"""Check -> what it would have found, the usual suspects first, and the symptoms that it could explain.
Only checks that pass where they have judged, not where there was too little to judge by."""

_RECORD: Final = "calibration-preprocessing-mismatch"

_STAGES: Final[dict[StageName, str]] = {
    "conversion": "the conversion to .tflite",
    "weights": "the weights as they are quantized",
    "activations": "the quantization of activations",
    "kernels": "the default kernels",
}


def ruled_out(
    effects: Collection[Effect],
    findings: Sequence[Finding],
    checks: Sequence[CheckOutcome],
    evidence: Evidence,
) -> Iterator[RuledOut]:
    """What is not the cause, what took most effort first.

    Args:
        effects: what the symptoms show that are to be explained.
        findings: all of the run.
        checks: what became of all checks.
        evidence: of the run.
    """
    for step in sound_steps(evidence) if "parity" in effects else ():
        what = " and ".join(_STAGES[stage] for stage in step.covers)
        yield RuledOut(what, f"the models before and behind it agree{_closeness(step)}")
    for finding in findings:
        if finding.refuted is not None:
            why = f"an experiment changed nothing: {finding.refuted.action}"
            yield RuledOut(f"{finding.rule} by itself", why)
    recorded = {f.subject.name for f in findings if f.rule == _RECORD and f.severity != "info"}
    yield from _tried(evidence, recorded)
    kept = kept_weights(evidence.weights)
    if kept is not None and not CANDIDATE.isdisjoint(effects):
        how = "exactly" if kept == inf else f"to {kept:.0f} dB or better"
        yield RuledOut("other weights than the reference's", f"every layer has them, {how}")
    passed = {check.name for check in checks if check.status == "passed" and not check.reason}
    for name, (what, explained) in CHECKED.items():
        if name in passed and not explained.isdisjoint(effects):
            yield RuledOut(what, f"check {name} passed")


def _tried(evidence: Evidence, recorded: Collection[str]) -> Iterator[RuledOut]:
    """Trials of other steps, none of which helped.

    Args:
        evidence: with the trials.
        recorded: inputs whose calibration speaks for other steps, perhaps beside another fault.
    """
    tried: Counter[tuple[str, Fed | None]] = Counter((t.input, t.fed) for t in evidence.trials)
    for (name, fed), times in tried.items():
        best = best_by_labels(evidence, name) if fed is None else better_alone(evidence, name, fed)
        if best is not None or name in recorded:
            continue
        samples = max(t.samples for t in evidence.trials if (t.input, t.fed) == (name, fed))
        alone = "" if fed is None else f" for the {fed} alone"
        aim = "meets clearly more labels" if fed is None else "makes the two models agree"
        yield RuledOut(
            f'other steps for input "{plain(name)}"{alone}',
            f"none of {count(times, 'way')} to prepare up to {samples} samples {aim}",
        )


def _closeness(step: Step) -> str:
    """How well, by the output that suffered most, in parentheses; empty where nothing says so."""
    seen = [output_metrics(output) for output in step.before.outputs]
    shares = [metrics.agreement for metrics in seen if metrics.agreement is not None]
    decibels = [metrics.sqnr_db for metrics in seen if metrics.sqnr_db is not None]
    if shares:
        return f" (agreement {percent(min(shares))})"
    return f" (SQNR {number(round(min(decibels), 1))} dB)" if decibels else ""
