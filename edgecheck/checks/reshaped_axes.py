"""Steps that reshape a picture to its own sizes in another order: its values stay where they were."""

from collections.abc import Iterator

from edgecheck import proof_thresholds
from edgecheck.checks.evidence import Evidence, NotRun, input_subject
from edgecheck.checks.float_model import float_model_is_lost
from edgecheck.checks.proofs import reached
from edgecheck.checks.rivals import kinds_tried
from edgecheck.findings import Finding
from edgecheck.preprocess.ranges import pixel_map
from edgecheck.rules.input.layout_nchw_nhwc import LayoutNchwNhwc
from edgecheck.spec.model import InputSpec
from edgecheck.spec.value_steps import Reshape


def check(evidence: Evidence) -> Iterator[Finding]:
    """Where the float model fails, no reshape stands where axes were to be moved.

    Training may have done the same, so it is only suspected; trials of other layouts tell more, but
    show nothing where something else spoils the answers.
    """
    if evidence.comparison is None:
        raise NotRun
    if not float_model_is_lost(evidence) or reached(evidence) >= proof_thresholds.TRIAL_GOOD:
        return
    for name, spec in evidence.spec.inputs.items():
        if "layout" not in kinds_tried(evidence, name):
            for before, after in _scrambled(spec):
                rule = LayoutNchwNhwc(name, list(before), list(after), is_reshaped=True)
                yield Finding.of(rule, input_subject(name), severity="warning")


def _scrambled(spec: InputSpec) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """(sizes before, sizes after) of the first reshape to the same three sizes in another order."""
    for place, step in enumerate(spec.steps):
        if not isinstance(step, Reshape) or len(step.shape) != 3:
            continue
        made = pixel_map(spec.model_copy(update={"steps": spec.steps[:place], "layout": None}))
        before = None if made is None else made.shape
        if before is not None and _are_other_axes(before, step.shape):
            yield before, step.shape
            return


def _are_other_axes(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Whether the sizes are in another order; where an axis of size 1 stands is all the same."""
    sizes = [[size for size in shape if size > 1] for shape in (before, after)]
    return sizes[0] != sizes[1] and sorted(before) == sorted(after)
