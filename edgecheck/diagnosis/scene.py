"""What a run tells the ranking of causes: which stages are sound, and what is a part of what."""

from edgecheck.chain import StageName
from edgecheck.checks.evidence import Evidence
from edgecheck.checks.parity import is_lost
from edgecheck.checks.stages import guilty_step, is_costly
from edgecheck.compare.stages import Step
from edgecheck.compare.statistics import OutputComparison
from edgecheck.diagnosis.ranking import Scene


def scene_of(evidence: Evidence | None, *, has_reference: bool) -> Scene:
    """What is known besides the findings.

    Args:
        evidence: of the run; None where it ended before there was any.
        has_reference: whether the candidate was held against another model than its own twin.
    """
    if evidence is None:
        return Scene()
    sound: frozenset[StageName] = frozenset().union(*(s.covers for s in sound_steps(evidence)))
    outputs = () if evidence.comparison is None else evidence.comparison.outputs
    groups = {output.name: output.whole for output in outputs if output.whole is not None}
    return Scene(sound, groups, has_reference and _is_apart(evidence))


def _is_apart(evidence: Evidence) -> bool:
    """Whether the candidate does not follow its reference; NaN is equal to nothing, yet in both."""
    outputs = () if evidence.comparison is None else evidence.comparison.outputs
    lost = (output for output in outputs if is_lost(output, evidence.spec.tolerances))
    return any(not _are_both_nan(output) for output in lost)


def _are_both_nan(output: OutputComparison) -> bool:
    ours, theirs = output.candidate.nonfinite, output.reference
    return theirs is not None and 0 < ours <= theirs.nonfinite


def sound_steps(evidence: Evidence) -> list[Step]:
    """The steps of the chain that keep parity while another loses it by itself; one that comes near
    to losing it is not cleared.

    Where no step loses it alone, the loss may be spread over all, and none is cleared.
    """
    guilty = guilty_step(evidence)
    if guilty is None or evidence.stages is None or not _loses(guilty, evidence):
        return []
    return [step for step in evidence.stages.steps if not is_costly(step, evidence)]


def _loses(step: Step, evidence: Evidence) -> bool:
    return any(is_lost(output, evidence.spec.tolerances) for output in step.before.outputs)
