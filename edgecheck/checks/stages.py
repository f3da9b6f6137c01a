"""Which stage between the reference and the candidate is to blame, and whether conversion is right."""

import math
from collections.abc import Iterator

from edgecheck import thresholds
from edgecheck.checks.evidence import Evidence, NotApplicable, output_subject
from edgecheck.checks.parity import has_lost_parity, is_lost, losses
from edgecheck.compare.stages import SkippedStage, Step
from edgecheck.compare.statistics import OutputComparison
from edgecheck.findings import Finding
from edgecheck.metrics.sqnr import telling_db
from edgecheck.rules.base import Severity
from edgecheck.rules.file.conversion_divergence import ConversionDivergence


def guilty_step(evidence: Evidence) -> Step | None:
    """The stage where parity goes; None where it holds, or where no chain was followed.

    It is the first that by itself costs what would be an error of parity between reference and
    candidate, else the one that costs most.
    """
    if evidence.stages is None or not has_lost_parity(evidence):
        return None
    steps = evidence.stages.steps
    tolerances = evidence.spec.tolerances
    for step in steps:
        if any(is_lost(output, tolerances) for output in step.before.outputs):
            return step
    return min(steps, key=_closeness, default=None)


def twin_follows(evidence: Evidence) -> bool:
    """Whether the candidate's float twin answers as the reference where both are fed alike.

    Then neither of the two has steps in its graph that the other lacks.
    """
    steps = () if evidence.stages is None else evidence.stages.steps
    twins = [step.total for step in steps if step.model == "twin"]
    tolerances = evidence.spec.tolerances
    return any(
        seen.outputs and not any(is_lost(output, tolerances) for output in seen.outputs)
        for seen in twins
    )


def weights_lose_parity(evidence: Evidence) -> bool:
    """Whether parity is lost already by what quantization made of the weights, or more of it there
    than anywhere behind.
    """
    guilty = guilty_step(evidence)
    if guilty is None or evidence.stages is None:
        return False
    worst = min(evidence.stages.steps, key=_closeness)
    costs_most = worst.stage == "weights" and is_costly(worst, evidence)
    return guilty.stage == "weights" or costs_most


def is_costly(step: Step, evidence: Evidence) -> bool:
    """Whether a step by itself is beyond a limit of parity, by a warning at least."""
    outputs, tolerances = step.before.outputs, evidence.spec.tolerances
    return any(any(losses(output, tolerances)) for output in outputs)


def _closeness(step: Step) -> float:
    """How well the worst output follows the model before; lower is worse."""
    return min(map(_output_closeness, step.before.outputs), default=math.inf)


def _output_closeness(output: OutputComparison) -> float:
    """SQNR in dB; of values that have no distance from each other, their agreement as one."""
    pair = output.pair
    if pair is not None and output.holds_numbers:
        pixels = output.task.pixel_agreement
        agreement = pair.agreement if pixels is None else pixels.value
        return math.inf if agreement in {None, 1.0} else -10 * math.log10(1 - (agreement or 0.0))
    known = output.telling_sqnr_db
    return math.inf if known is None else known


def check_conversion(evidence: Evidence) -> Iterator[Finding]:
    """The float .tflite answers as the trained model that it was made from."""
    if evidence.stages is None:
        raise NotApplicable("the stages were not followed")
    for entry in evidence.stages.entries:
        if isinstance(entry, SkippedStage) and entry.stage == "conversion":
            raise NotApplicable(entry.reason)
        if isinstance(entry, Step) and entry.covers == ("conversion",):
            yield from _diverging(evidence, entry)


def _diverging(evidence: Evidence, step: Step) -> Iterator[Finding]:
    guilty, limit = guilty_step(evidence), thresholds.CONVERSION_ERROR
    if evidence.fake_quantization is not None:  # values that lie between two codes fall either way
        limit = thresholds.FAKE_CONVERSION_ERROR
    for output in step.before.outputs:
        error = _relative_error(output)
        is_lossy = is_lost(output, evidence.spec.tolerances)
        if error > limit or is_lossy:
            own: Severity = "error" if is_lossy or guilty is step else "warning"
            # What is lost later is not explained by the little that is lost here.
            severity = own if guilty is None or guilty is step else "info"
            rule = _divergence(output, error, limit)
            yield Finding.of(rule, output_subject(output.name), severity=severity)


def _relative_error(output: OutputComparison) -> float:
    """Of the output's size, for measured values of their movement; 0 where it is only rounding."""
    pair, movement = output.pair, output.task.variation_sqnr_db
    if pair is None or output.holds_numbers:
        return 0.0
    if movement is not None and _ratio(telling_db(pair.sqnr_db)) <= thresholds.FLOAT_ROUNDING:
        return 0.0
    return _ratio(output.telling_sqnr_db)


def _ratio(sqnr_db: float | None) -> float:
    """Error for each unit of signal, from dB; 0 where nothing is known."""
    return 0.0 if sqnr_db is None else 10 ** (-sqnr_db / 20)


def _is_nan(output: OutputComparison) -> bool:
    """Whether NaN or infinity leaves no value to compare."""
    sides = [side for side in (output.candidate, output.reference) if side is not None]
    has_any = any(side.nonfinite for side in sides)
    return has_any and output.telling_sqnr_db is None and not output.holds_numbers


def _divergence(output: OutputComparison, error: float, limit: float) -> ConversionDivergence:
    return ConversionDivergence(
        output=output.name,
        relative_error=None if _is_nan(output) else error,
        limit=limit,
        against="size" if output.task.variation_sqnr_db is None else "movement",
        samples=output.candidate.samples,
        agreement=None if output.pair is None else output.pair.agreement,
    )
