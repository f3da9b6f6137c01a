"""Which trials are made, on which model: only where labels or parity show that something is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from edgecheck import proof_thresholds
from edgecheck.compare.answers import Reading
from edgecheck.compare.attempts import TriedInput
from edgecheck.compare.examiner import Examiner
from edgecheck.compare.output_trials import output_trials
from edgecheck.compare.statistics import Comparison, OutputComparison
from edgecheck.compare.stream import Progress, Side, silent
from edgecheck.compare.trials import Trial, one_sided_trials, scaling_trials, trials
from edgecheck.compare.watching import WatchedOutput
from edgecheck.mistakes.receiver import receiver_of
from edgecheck.preprocess.alternatives import alternatives
from edgecheck.rules.wording import Who
from edgecheck.runtime.exchange import Exchange
from edgecheck.samples.chunk import Dataset
from edgecheck.spec.model import Spec
from edgecheck.tflite.graph import Port

BUDGET_MS = 30_000.0
"""What the models may be asked for, in one round, or in three where there are two models."""


@dataclass(frozen=True)
class OpenPass:
    """A pass over a dataset that has ended, and the models of it, still open."""

    spec: Spec
    dataset: Dataset
    feeds: Exchange
    sides: Mapping[str, Side]
    """By who it is."""
    found: Comparison
    ports: Mapping[str, Port]
    """Of the candidate, by input name."""
    outputs: tuple[WatchedOutput, ...] = ()
    """All that are followed."""
    said: list[str] = field(default_factory=list)
    """Told why not everything was tried."""
    progress: Progress = silent
    """Told (tried, to be tried, what is tried now)."""


def tried(scene: OpenPass, output: WatchedOutput | None) -> tuple[Trial, ...]:
    """Feed a model otherwise, where the output shows that the spec's way may be wrong.

    Labels are asked of the reference where there is one: it was never calibrated. Where the two
    models disagree, each is fed alone otherwise.

    Args:
        scene: what was seen, and what can be asked.
        output: the one that counts most; None where none can be read.

    Raises:
        SideFault: a model misbehaved.
        DatasetUnreadable: a sample cannot be read any more.
    """
    if output is None or scene.spec.state != "reset":
        return ()  # in a stream, what came before would count too
    is_right, disagree = _is_right(scene.found), _disagree(scene.found, output)
    if is_right and not disagree:
        return ()
    built = (_examiner(scene, side, output) for side in scene.sides.values())
    asked = [examiner for examiner in built if examiner is not None]
    known = (scene.dataset, subjects_of(scene))
    held = asked[1] if len(asked) == 2 and _candidate_is_right(scene.found) else None
    if not is_right:
        found = trials(asked[0], *known, held)
    else:  # the candidate alone may have been calibrated for the values that are meant
        found = () if _candidate_is_right(scene.found) else scaling_trials(asked[0], *known)
    if len(asked) == 2 and disagree:
        crosswise = output_trials((asked[1], asked[0]), scene.outputs, *known)
        if any(trial.restores for trial in crosswise):
            return found + crosswise
        found += one_sided_trials(asked[0], asked[1], *known)
        found += one_sided_trials(asked[1], asked[0], *known)
    return found


def tried_on_twin(scene: OpenPass, output: WatchedOutput) -> tuple[Trial, ...]:
    """Feed the candidate's twin, which takes any value, alone otherwise.

    Args:
        scene: with the twin in the place of the candidate.
        output: the one that counts most, of both.

    Raises:
        SideFault, DatasetUnreadable: as `tried`.
    """
    if scene.spec.state != "reset":
        return ()
    twin = _examiner(scene, scene.sides["candidate"], output)
    reference = _examiner(scene, scene.sides["reference"], output)
    if twin is None or reference is None:
        return ()
    twin = replace(twin, is_twin=True)
    return one_sided_trials(twin, reference, scene.dataset, subjects_of(scene))


def is_unexplained(
    found: Comparison, trials: Sequence[Trial], output: WatchedOutput | None
) -> bool:
    """Whether two models answer differently, and no trial of one alone made them agree.

    Args:
        found: of the two.
        trials: of a candidate and its reference.
        output: the one that counts most, if any can be read.
    """
    if output is None or not _disagree(found, output):
        return False
    return all(
        trial.right_after < proof_thresholds.TRIAL_GOOD * trial.samples
        for trial in trials
        if trial.fed
    )


def subjects_of(scene: OpenPass) -> dict[str, TriedInput]:
    """Every input of the spec, and what could be done otherwise with it."""
    shapes = {name: scene.feeds.layout.arrays[name][1] for name in scene.spec.inputs}
    return tried_inputs(scene.spec, shapes, scene.ports, scene.found)


def tried_inputs(
    spec: Spec, shapes: Mapping[str, tuple[int, ...]], ports: Mapping[str, Port], found: Comparison
) -> dict[str, TriedInput]:
    """Every input of a spec, and what could be done otherwise with it.

    Args:
        spec: that was run.
        shapes: of one sample as the model takes it, by input name.
        ports: of the candidate, likewise.
        found: what the run saw.
    """
    entries = {entry.name: entry for entry in found.inputs}
    made = {}
    for name, one in spec.inputs.items():
        shape, entry = shapes[name], entries[name]
        seen = (entry.low, entry.high)
        receiver = receiver_of(name, one, ports[name].tensor, shape, seen)
        made[name] = TriedInput(one, receiver, alternatives(one, shape, seen, entry.features))
    return made


def _examiner(scene: OpenPass, side: Side, output: WatchedOutput) -> Examiner | None:
    """A side as one to ask; None for a reference without that output."""
    who: Who = "candidate" if side.who == "candidate" else "reference"
    if who == "reference" and output.reference is None:
        return None
    found = scene.found
    latency_ms = found.latency_ms[0] if who == "candidate" else found.reference_ms or 0.0
    budget_ms = BUDGET_MS / (2 * len(scene.sides) - 1)
    return Examiner(
        who,
        side.session,
        scene.feeds,
        Reading(output),
        latency_ms=latency_ms,
        budget_ms=budget_ms,
        said=scene.said,
        progress=scene.progress,
    )


def _is_right(found: Comparison) -> bool:
    """Whether labels or true values, if there are any, are met so well that nothing need be tried.

    By the reference, where there is one: a quantized input that cuts off wrong values may hide that
    they are wrong.
    """
    scores = [score[1] for output in found.outputs if (score := _scores(output)) is not None]
    return not scores or scores[0] >= proof_thresholds.TRIAL_GOOD


def _candidate_is_right(found: Comparison) -> bool:
    """As `_is_right`, by the candidate; False where nothing tells."""
    scores = [score[0] for output in found.outputs if (score := _scores(output)) is not None]
    return bool(scores) and scores[0] >= proof_thresholds.TRIAL_GOOD


def _scores(output: OutputComparison) -> tuple[float, float] | None:
    """Accuracy, or R2 of measured values, of the candidate and of the model that is asked first.

    Returns:
        None without enough of either.
    """
    labels, errors = output.labels, output.task.errors
    if labels is not None and labels.labelled >= proof_thresholds.TRIAL_SAMPLES:
        ours, theirs = labels.candidate_accuracy, labels.reference_accuracy
        return ours, ours if theirs is None else theirs
    if (
        output.kind == "values"
        and errors is not None
        and errors.samples >= proof_thresholds.TRIAL_SAMPLES
    ):
        return errors.candidate.r2, (errors.reference or errors.candidate).r2
    return None


def _disagree(found: Comparison, output: WatchedOutput) -> bool:
    """Whether the two models often answer differently."""
    seen = next((each for each in found.outputs if each.name == output.name), None)
    if seen is None or seen.pair is None or found.samples < proof_thresholds.TRIAL_SAMPLES:
        return False
    if seen.pair.agreement is not None:
        return seen.pair.agreement < proof_thresholds.TRIAL_GOOD
    decibels = seen.telling_sqnr_db
    return decibels is not None and decibels < proof_thresholds.TRIAL_DISAGREES_DB
