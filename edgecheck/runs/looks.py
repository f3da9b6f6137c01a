"""What a run shows about its models: the pass over the samples, then one closer look after another.

Each look takes what is known and gives it back with what it saw; its own module decides whether
there is a reason for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from edgecheck.checks.evidence import Evidence
from edgecheck.compare.experiment import Setup
from edgecheck.compare.stream import Progress
from edgecheck.errors import DatasetUnreadable
from edgecheck.runs.baselines import fake_quantization_of, lost_steps_of
from edgecheck.runs.delegates import brought_operators, original_of
from edgecheck.runs.draft import Draft
from edgecheck.runs.guard import guarded
from edgecheck.runs.inside import look_inside
from edgecheck.runs.models import conclude_target
from edgecheck.runs.signal import hear_signal
from edgecheck.runs.stages import follow_stages
from edgecheck.runs.tflm import CHECK as TFLM_RUNS
from edgecheck.runs.tflm import ask_tflm
from edgecheck.runs.twin_trials import ask_twin
from edgecheck.runs.twofold import with_twofold
from edgecheck.runs.witness import hear_witness, renormalize

Look: TypeAlias = Callable[[Draft, Evidence, Setup, Progress], Evidence]


def with_pass(draft: Draft, evidence: Evidence) -> Evidence:
    """The evidence with what the pass over the samples left in the draft, if there was one."""
    if draft.runtime is not None:
        evidence = replace(evidence, runtime=(draft.runtime.name, draft.runtime.version))
    seen = draft.observation
    if seen is None:
        return evidence
    conclude_target(draft, evidence.spec, seen)
    return replace(
        evidence,
        comparison=seen.comparison,
        sensitivities=seen.sensitivities,
        reference_sensitivities=seen.reference_sensitivities,
        trials=seen.trials,
        untried=seen.untried,
        repeats=seen.repeats,
        memory=draft.memory,
        brought=brought_operators(draft, evidence.model),
    )


def look_closer(draft: Draft, evidence: Evidence, setup: Setup, progress: Progress) -> Evidence:
    """The evidence with what every look saw. One that fails costs no more than what it would have told.

    Args:
        draft: of a run whose pass went well; told the outcome of each look.
        evidence: as of `with_pass`.
        setup: of the pass.
        progress: told as in a pass, of every pass.

    Raises:
        DatasetUnreadable: a sample cannot be read any more; `draft.evidence` is what was seen until then.
    """
    for name, look in LOOKS.items():
        with guarded(draft, name, passes=(DatasetUnreadable,)):
            evidence = look(draft, evidence, setup, progress)
        draft.evidence = evidence  # what comes next may end the run
    return evidence


def _inside(draft: Draft, evidence: Evidence, setup: Setup, progress: Progress) -> Evidence:
    found = look_inside(draft, evidence, setup, progress)
    if found is None:
        return evidence
    return replace(evidence, walk=found.walk, forensics=found.forensics)


def _original(draft: Draft, evidence: Evidence, setup: Setup, _progress: Progress) -> Evidence:
    return replace(evidence, original=original_of(draft, evidence, setup))


def _stages(draft: Draft, evidence: Evidence, setup: Setup, progress: Progress) -> Evidence:
    return replace(evidence, stages=follow_stages(draft, evidence, setup, progress))


def _fakes(draft: Draft, evidence: Evidence, _setup: Setup, _progress: Progress) -> Evidence:
    return replace(evidence, fake_quantization=fake_quantization_of(draft, evidence))


def _lost(draft: Draft, evidence: Evidence, _setup: Setup, _progress: Progress) -> Evidence:
    return replace(evidence, lost_steps=lost_steps_of(draft, evidence))


def _twin(draft: Draft, evidence: Evidence, setup: Setup, progress: Progress) -> Evidence:
    return replace(evidence, trials=evidence.trials + ask_twin(draft, evidence, setup, progress))


def _norms(draft: Draft, evidence: Evidence, setup: Setup, _progress: Progress) -> Evidence:
    draft.batch_norm = hear_witness(draft, evidence, setup)
    return evidence


def _anew(draft: Draft, evidence: Evidence, setup: Setup, _progress: Progress) -> Evidence:
    return replace(evidence, renormalized=renormalize(draft, evidence, setup, draft.batch_norm))


def _signal(draft: Draft, evidence: Evidence, setup: Setup, _progress: Progress) -> Evidence:
    return replace(evidence, signal=hear_signal(draft, evidence, setup))


def _tflm(draft: Draft, evidence: Evidence, setup: Setup, _progress: Progress) -> Evidence:
    found = ask_tflm(draft, evidence, setup)
    return replace(evidence, tflm=found, memory=draft.memory)


LOOKS: Final[Mapping[str, Look]] = {
    "edgetpu-original": _original,
    "layers": _inside,
    "stages": _stages,
    "trained-ranges": _fakes,
    "lost-steps": _lost,
    "twin-trials": _twin,
    "batch-normalization": _norms,
    "renormalization": _anew,
    "steps-and-statistics": with_twofold,
    "float-signal": _signal,
    TFLM_RUNS: _tflm,
}
"""By the name that reports show, in this order: later ones ask what earlier ones saw."""
