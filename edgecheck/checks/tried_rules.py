"""The rule that a trial amounts to."""

from dataclasses import replace
from typing import TypeVar

from edgecheck import thresholds
from edgecheck.checks.evidence import Evidence
from edgecheck.checks.first_layer import suits_better
from edgecheck.checks.proofs import as_good, changes_of, is_wider
from edgecheck.compare.trials import Trial
from edgecheck.preprocess.alternatives import Change
from edgecheck.preprocess.pixel_alternatives import scaling_steps
from edgecheck.preprocess.pixel_lines import RAW, Range
from edgecheck.rules.base import Rule
from edgecheck.rules.input.aspect_policy_mismatch import AspectPolicyMismatch
from edgecheck.rules.input.channel_count_mismatch import ChannelCountMismatch
from edgecheck.rules.input.channel_order_swapped import ChannelOrderSwapped
from edgecheck.rules.input.input_double_normalized import InputDoubleNormalized
from edgecheck.rules.input.input_not_normalized import InputNotNormalized
from edgecheck.rules.input.input_range_mismatch import InputRangeMismatch
from edgecheck.rules.input.io_order_swapped import IoOrderSwapped
from edgecheck.rules.input.layout_nchw_nhwc import LayoutNchwNhwc
from edgecheck.rules.input.orientation_mismatch import OrientationMismatch
from edgecheck.rules.input.preprocessing_not_in_exported_graph import (
    PreprocessingNotInExportedGraph,
)
from edgecheck.rules.input.resize_method_mismatch import ResizeMethodMismatch
from edgecheck.rules.output.output_order_changed import OutputOrderChanged
from edgecheck.rules.tried import Tried

RangeRule = TypeVar("RangeRule", InputNotNormalized, InputRangeMismatch)


def rule_of(evidence: Evidence, trial: Trial, change: Change) -> Rule | None:
    """What one change of a trial shows to be wrong.

    Returns:
        None where the change explains nothing: sound and features, by labels, which other checks
        judge, and a candidate that alone needs raw pixels, since it scales what arrives raw.
    """
    if change.kind == "scaling" and change.made is not None:
        if trial.fed is None:
            return _scaling(evidence, trial, change, change.made)
        return _scaling_of_one_model(evidence, trial, change, change.made)
    if change.kind == "channel-order":
        return _order(trial, change)
    if change.kind == "features":  # a reference that needs them scaled has lost nothing
        return None if trial.fed == "reference" else _left_out(trial, change)
    return _moved(_tried(evidence, trial, change), trial, change)


def _moved(tried: Tried, trial: Trial, change: Change) -> Rule | None:
    """Of pictures that are turned, reshaped, gray, fitted or resized, or of exchanged inputs."""
    name = trial.input
    rules: dict[str, Rule] = {
        "orientation": OrientationMismatch(name, tried=tried),
        "layout": LayoutNchwNhwc(name, tried=tried),
        "channels": ChannelCountMismatch(name, 3, 3, tried=tried),
        "fit": AspectPolicyMismatch(name, tried=tried),
        "resize": ResizeMethodMismatch(name, tried),
        "output-order": OutputOrderChanged(output=name, other=change.key, tried=tried),
        "input-order": IoOrderSwapped(input=name, other=change.key, tried=tried),
    }
    return rules.get(change.kind)


def _tried(evidence: Evidence, trial: Trial, change: Change) -> Tried:
    return Tried(
        words=change.words,
        samples=trial.samples,
        right_before=trial.right_before,
        right_after=trial.right_after,
        fed=trial.fed,
        names_classes=trial.names_classes,
        beside=_beside(trial, change),
        others=as_good(evidence, trial),
        removed=list(change.removed),
        added=list(change.added),
    )


def _beside(trial: Trial, change: Change) -> str:
    """The other change of two, in words."""
    return next((other.words for other in changes_of(trial) if other != change), "")


def _order(trial: Trial, change: Change) -> ChannelOrderSwapped:
    return ChannelOrderSwapped(
        input=trial.input,
        samples=trial.samples,
        right_before=trial.right_before,
        right_after=trial.right_after,
        removed=list(change.removed),
        added=list(change.added),
        fed=trial.fed,
        order=change.words if change.key else "red and blue exchanged",
        beside=_beside(trial, change),
    )


def _scaling(evidence: Evidence, trial: Trial, change: Change, made: Range) -> Rule:
    """By labels: scaled twice, not at all, or otherwise."""
    seen = _seen(evidence, trial.input)
    if _is_twice(evidence, trial, seen, made):
        return InputDoubleNormalized(
            input=trial.input,
            expected=list(seen),
            operators=[],
            shrunk=list(seen),
            raw=list(made),
            tried=_tried(evidence, trial, change),
        )
    is_raw = seen[1] > thresholds.PROMISE_RAW * max(map(abs, made))
    if is_raw:
        return _range(InputNotNormalized, trial, change, seen)
    return _range(InputRangeMismatch, trial, change, seen)


def is_scaled_twice(evidence: Evidence, trial: Trial) -> bool:
    """Whether a trial by labels shows that values are scaled that were scaled already."""
    change = next((c for c in changes_of(trial) if c.kind == "scaling" and c.made), None)
    if change is None or change.made is None or trial.fed is not None:
        return False
    return _is_twice(evidence, trial, _seen(evidence, trial.input), change.made)


def _is_twice(evidence: Evidence, trial: Trial, seen: Range, made: Range) -> bool:
    """Whether one step is there twice, or what is fed is far narrower than what fits.

    Raw pixels may be what training had, too: only weights that are small enough for them show that
    the model scales what it gets.
    """
    steps = scaling_steps(evidence.spec.inputs[trial.input])
    is_repeated = any(step in steps[:number] for number, step in enumerate(steps))
    is_shrunk = thresholds.SHRINK_ERROR * (seen[1] - seen[0]) <= made[1] - made[0]
    if not steps or not (is_repeated or is_shrunk):
        return False
    return made != RAW or suits_better(evidence, trial.input, made, seen)


def _scaling_of_one_model(
    evidence: Evidence, trial: Trial, change: Change, made: Range
) -> Rule | None:
    seen = _seen(evidence, trial.input)
    widths = sorted((made[1] - made[0], seen[1] - seen[0]))
    is_raw = widths[1] > thresholds.PROMISE_RAW * widths[0]
    if not is_raw and evidence.lost_steps is None:  # nothing scales them inside
        return replace(_range(InputRangeMismatch, trial, change, seen), fed=trial.fed)
    if is_wider(evidence, trial.input, change) != (trial.fed == "reference"):
        return None
    return _left_out(trial, change)


def _left_out(trial: Trial, change: Change) -> PreprocessingNotInExportedGraph | None:
    """What one model needs alone; None of labels, which speak for both."""
    if trial.fed is None:
        return None
    return PreprocessingNotInExportedGraph(
        input=trial.input,
        fed=trial.fed,
        change=change.words,
        samples=trial.samples,
        agreed_before=trial.right_before,
        agreed_after=trial.right_after,
        steps=list(change.added),
    )


def _range(rule: type[RangeRule], trial: Trial, change: Change, seen: Range) -> RangeRule:
    """A trial whose values lie in another range than the one that is `seen`."""
    return rule(
        input=trial.input,
        promised=list(change.made or ()),
        observed=list(seen),
        tried=[trial.right_before, trial.right_after, trial.samples],
        removed=list(change.removed),
        added=list(change.added),
        beside=_beside(trial, change),
    )


def _seen(evidence: Evidence, name: str) -> Range:
    """The lowest and the highest value that an input was fed with."""
    entry = next(entry for entry in evidence.observed.inputs if entry.name == name)
    return entry.low, entry.high
