"""Which other steps are tried, on which model: only where labels or parity show that something is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from edgecheck.compare.outputs import ClassRule
from edgecheck.compare.statistics import Comparison
from edgecheck.compare.stream import Side
from edgecheck.compare.trials import Alternatives, Examiner, Trial, one_sided_trials, trials
from edgecheck.compare.watching import WatchedOutput
from edgecheck.preprocess.alternatives import alternatives
from edgecheck.rules.wording import Who
from edgecheck.runtime.exchange import Exchange
from edgecheck.samples.chunk import Dataset
from edgecheck.spec.model import Spec
from edgecheck.tensors import Array, Outputs, flat_rows

_FEW, _GOOD = 20, 0.9
"""Samples that tell something; share of right or equal answers that leaves no doubt about steps."""


@dataclass(frozen=True)
class Scene:
    """A pass over a dataset that has ended, and the models of it, still open."""

    spec: Spec
    dataset: Dataset
    feeds: Exchange
    sides: Mapping[str, Side]
    """By who it is."""
    found: Comparison


def tried(scene: Scene, output: WatchedOutput | None) -> tuple[Trial, ...]:
    """Try other steps, where the output shows that those of the spec may be wrong.

    Labels are asked of the reference where there is one: it was never calibrated. Where the two
    models disagree, each is fed alone with other steps.

    Args:
        scene: what was seen, and what can be asked.
        output: the one that names classes; None where none does.

    Raises:
        SideFault: a model misbehaved.
        DatasetUnreadable: a sample cannot be read any more.
    """
    others = _others(scene)
    if output is None or output.rule is None or not any(others.values()):
        return ()
    built = (_examiner(scene, side, output, output.rule) for side in scene.sides.values())
    asked = [examiner for examiner in built if examiner is not None]
    known = (scene.dataset, scene.spec.inputs, others)
    found = () if _is_right(scene.found) else trials(asked[0], *known)
    if len(asked) == 2 and _disagree(scene.found, output):
        found += one_sided_trials(asked[0], asked[1], *known)
        found += one_sided_trials(asked[1], asked[0], *known)
    return found


def tried_on_twin(scene: Scene, output: WatchedOutput) -> tuple[Trial, ...]:
    """Feed the candidate's twin, which takes any value, alone with other steps.

    Args:
        scene: with the twin in the place of the candidate.
        output: the one that names classes, of both.

    Raises:
        SideFault, DatasetUnreadable: as `tried`.
    """
    others = _others(scene)
    if output.rule is None or not any(others.values()):
        return ()
    sides = scene.sides
    twin = _examiner(scene, sides["candidate"], output, output.rule)
    reference = _examiner(scene, sides["reference"], output, output.rule)
    if twin is None or reference is None:
        return ()
    known = (scene.dataset, scene.spec.inputs, others)
    return one_sided_trials(replace(twin, is_twin=True), reference, *known)


def is_unexplained(
    found: Comparison, trials: Sequence[Trial], output: WatchedOutput | None
) -> bool:
    """Whether two models name different classes, and no trial of one alone made them agree.

    Args:
        found: of the two.
        trials: of a candidate and its reference.
        output: the one that names classes, if any does.
    """
    if output is None or not _disagree(found, output):
        return False
    return all(trial.right_after < _GOOD * trial.samples for trial in trials if trial.fed)


def _others(scene: Scene) -> Alternatives:
    """Other steps for each input; of a stream, none: what came before would count too."""
    if scene.spec.state != "reset":
        return {}
    seen = {entry.name: (entry.low, entry.high) for entry in scene.found.inputs}
    arrays = scene.feeds.layout.arrays
    inputs = scene.spec.inputs.items()
    return {name: alternatives(spec, arrays[name][1], seen[name]) for name, spec in inputs}


def _examiner(scene: Scene, side: Side, output: WatchedOutput, rule: ClassRule) -> Examiner | None:
    """A side as one to ask; None for a reference without that output."""
    who: Who = "candidate" if side.who == "candidate" else "reference"
    name = output.candidate if who == "candidate" else output.reference
    if name is None:
        return None

    def classes(outputs: Outputs) -> Array:
        return rule.top(flat_rows(outputs[name]))

    return Examiner(who, side.session, scene.feeds, classes)


def _is_right(found: Comparison) -> bool:
    """Whether the labels, if there are any, are met so often that nothing need be tried."""
    known = [output.labels for output in found.outputs if output.labels is not None]
    if not known or known[0].labelled < _FEW:
        return True
    return max(known[0].candidate_accuracy, known[0].reference_accuracy or 0.0) >= _GOOD


def _disagree(found: Comparison, output: WatchedOutput) -> bool:
    """Whether the two models often name different classes."""
    pair = next((each.pair for each in found.outputs if each.name == output.name), None)
    return (
        pair is not None
        and pair.agreement is not None
        and found.samples >= _FEW
        and pair.agreement < _GOOD
    )
