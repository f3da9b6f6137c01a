"""Labels against the model's classes, and how one-sided the data are."""

import math
from collections.abc import Iterator
from typing import Literal

from edgecheck import proof_thresholds, thresholds
from edgecheck.checks import label_order
from edgecheck.checks.asked import names_classes
from edgecheck.checks.evidence import Evidence, NotApplicable, NotRun
from edgecheck.checks.float_model import commonest_share, gained
from edgecheck.checks.structure import check_head
from edgecheck.compare.statistics import LabelStatistics, OutputComparison
from edgecheck.compare.watching import holds_class_numbers, primary_of
from edgecheck.findings import Finding, Subject
from edgecheck.rules.dataset.dataset_single_class import DatasetSingleClass
from edgecheck.rules.dataset.label_count_mismatch import LabelCountMismatch
from edgecheck.rules.output.reference_inaccurate import ReferenceInaccurate
from edgecheck.rules.wording import count, plain


def check_count(evidence: Evidence) -> Iterator[Finding]:
    """As many label names as classes, and no label beyond them; targets as large as the output."""
    if not names_classes(evidence.spec):
        yield from _check_targets(evidence)
        return
    if any(found.severity == "error" for found in evidence.found_by(check_head)):
        raise NotApplicable("the output has one class alone, whatever the labels are")
    classes = _classes(evidence)
    names, labels = evidence.label_names, _labels(evidence)
    subject = Subject("dataset", "labels")
    dataset = evidence.spec.dataset
    is_promised = dataset is not None and dataset.labels is not None
    if is_promised and labels is None and evidence.comparison is not None:
        detail = "the spec names labels, but they label none of the samples that were run"
        rule = LabelCountMismatch(0, classes, detail, "labels")
        yield Finding.of(rule, subject, severity="warning")
        return
    if not names and labels is None:
        raise NotRun if is_promised else NotApplicable("there are no labels")
    if names and len(names) != classes:
        rule = LabelCountMismatch(len(names), classes, _other_length(evidence, len(names)))
        yield Finding.of(rule, subject, proof=label_order.proof_of_order(evidence))
    elif labels is not None and labels.highest >= classes:
        rule = LabelCountMismatch(
            labels.highest + 1, classes, _beyond(labels, classes), counted="labels"
        )
        yield Finding.of(rule, subject, proof=label_order.proof_of_order(evidence))


def _other_length(evidence: Evidence, names: int) -> str:
    """Why the names do not fit: of several outputs another one may be meant."""
    fitting = [
        port.name for port in evidence.contract.outputs if port.tensor.shape[-1:] == (names,)
    ]
    if fitting:
        name = plain(fitting[0])
        return (
            f'output "{name}" has as many; if the labels are about it, state '
            f"`outputs.{name}.primary: true` in the spec"
        )
    return "the list of label names and the model's output differ in length"


def _beyond(labels: LabelStatistics, classes: int) -> str:
    """Which labels lie beyond the last class, and how many."""
    stray = [label for label in sorted(labels.class_counts) if label >= classes]
    amount = sum(labels.class_counts[label] for label in stray)
    shown = ", ".join(map(str, stray[:5])) + (", ..." if len(stray) > 5 else "")
    which = "is" if amount == 1 else "are"
    return (
        f"of {labels.labelled} labelled samples, {count(amount, 'label')} {which} beyond class "
        f"{classes - 1}, which is the last: {shown}"
    )


def _check_targets(evidence: Evidence) -> Iterator[Finding]:
    """True values, or maps of classes, can be held against the output."""
    task = evidence.spec.model.task
    dataset = evidence.spec.dataset
    if task not in {"regression", "segmentation"} or dataset is None or dataset.labels is None:
        raise NotApplicable(f"the task is {task}, and there are no labels to compare with")
    if evidence.comparison is None:
        raise NotRun
    counted: Literal["maps", "targets"] = "maps" if task == "segmentation" else "targets"
    truth = "the map of a sample" if counted == "maps" else "a sample"
    noun = "pixel" if counted == "maps" else "true value"
    subject = Subject("dataset", "labels")
    outputs = evidence.comparison.outputs
    for output in outputs:
        if output.task.misfit is not None:
            values, size = output.task.misfit
            detail = f'{truth} has {count(values, noun)}, output "{plain(output.name)}" has {size}'
            yield Finding.of(LabelCountMismatch(values, size, detail, counted), subject)
            return
    if not any(output.task.errors or output.task.maps for output in outputs):
        detail = "the spec names labels, but they give no true value of the samples that were run"
        rule = LabelCountMismatch(0, 1, detail, counted)
        yield Finding.of(rule, subject, severity="warning")


def check_balance(evidence: Evidence) -> Iterator[Finding]:
    """Whether the labels can show a collapse to one class at all."""
    labels = _labels(evidence)
    if evidence.comparison is None:
        raise NotRun
    if not names_classes(evidence.spec):
        raise NotApplicable(f"the task is {evidence.spec.model.task}, which names no class")
    if labels is None:
        yield from _reference_balance(evidence)
        return
    label, count = max(labels.class_counts.items(), key=lambda item: item[1])
    share = count / labels.labelled
    if share >= thresholds.SINGLE_CLASS_SHARE:
        rule = DatasetSingleClass(label=label, share=share, labelled=labels.labelled)
        yield Finding.of(rule, Subject("dataset", "labels"))


def _reference_balance(evidence: Evidence) -> Iterator[Finding]:
    """Without labels: whether the reference names one class nearly always."""
    seen = [o.reference for o in evidence.observed.outputs if o.reference is not None]
    counts = [each.class_counts for each in seen if each.class_counts is not None]
    if not counts or not counts[0].sum():
        raise NotApplicable("the dataset has no labels, and no reference names classes")
    top, total = int(counts[0].argmax()), int(counts[0].sum())
    share = float(counts[0][top]) / total
    if total >= thresholds.MIN_DISTINCT_INPUTS and share >= thresholds.SINGLE_CLASS_SHARE:
        rule = DatasetSingleClass(label=top, share=share, labelled=total, counted="answers")
        yield Finding.of(rule, Subject("dataset", "labels"))


def check_reference(evidence: Evidence) -> Iterator[Finding]:
    """The reference does better on what is known to be true than an answer that never changes."""
    held = [rule for o in evidence.observed.outputs if (rule := _held_against_truth(o)) is not None]
    if not held:
        raise NotApplicable(_why_not_held(evidence))
    most = max(rule.labelled for rule in held)
    if most < thresholds.MIN_DISTINCT_INPUTS:
        verb = "samples are" if most != 1 else "sample is"
        raise NotApplicable(f"{most} {verb} labelled; this needs {thresholds.MIN_DISTINCT_INPUTS}")
    varied = [rule for rule in held if rule.chance < 1 and not math.isnan(rule.value)]
    if not varied:
        raise NotApplicable("all labels are the same")
    for rule in varied:
        gain = gained(rule.value, rule.chance)
        # Where true maps hold one class only, mean IoU is that of chance for any model.
        is_lost = gain < thresholds.NO_GAIN and rule.value < thresholds.HALF_RIGHT
        if gain < thresholds.LOST_GAIN if rule.measure == "accuracy" else is_lost:
            yield Finding.of(rule, Subject("reference", rule.output))


def _held_against_truth(output: OutputComparison) -> ReferenceInaccurate | None:
    """How well the reference meets labels, true maps or true values; None without any."""
    labels, maps, errors = output.labels, output.task.maps, output.task.errors
    if labels is not None and labels.reference_accuracy is not None:
        right, commonest = labels.reference_accuracy, commonest_share(labels)
        return ReferenceInaccurate(output.name, labels.labelled, "accuracy", right, commonest)
    if maps is not None and maps.reference_iou is not None:
        samples, found = output.candidate.samples, maps.reference_iou
        return ReferenceInaccurate(output.name, samples, "mean_iou", found, maps.chance_iou)
    if errors is not None and errors.reference is not None:
        measure: Literal["reconstruction", "r2"] = (
            "reconstruction" if output.kind == "reconstruction" else "r2"
        )
        return ReferenceInaccurate(
            output.name, errors.samples, measure, errors.reference.r2, chance=0.0
        )
    return None


def _why_not_held(evidence: Evidence) -> str:
    if all(output.reference is None for output in evidence.observed.outputs):
        return "there is no reference"
    return "there are no labels or true values to hold the reference against"


def reference_is_lost(evidence: Evidence) -> bool:
    """Whether the reference itself fails on these inputs, as the labels show.

    It only guesses, or names one class far too often. False where there are too few labels.
    """
    for output in () if evidence.comparison is None else evidence.comparison.outputs:
        labels, reference = output.labels, output.reference
        if labels is None or labels.labelled < thresholds.MIN_DISTINCT_INPUTS:
            continue
        counts = None if reference is None else reference.class_counts
        top = 0.0 if counts is None else float(counts.max()) / output.candidate.samples
        excess = top - commonest_share(labels)
        if excess > thresholds.COLLAPSE_SHARE_EXCESS or _is_guessing(labels):
            return True
    return False


def reference_misses(evidence: Evidence) -> bool:
    """Whether labels show that the reference is wrong as often as is worth a look for the reason.

    It is what trials are made for; False where there are too few labels.
    """
    outputs = () if evidence.comparison is None else evidence.comparison.outputs
    known = [o.labels for o in outputs if o.labels is not None]
    told = [each for each in known if each.labelled >= thresholds.MIN_DISTINCT_INPUTS]
    shares = [each.reference_accuracy for each in told if each.reference_accuracy is not None]
    return any(share < proof_thresholds.TRIAL_GOOD for share in shares)


def reference_works(evidence: Evidence) -> bool:
    """Whether labels show that the reference does well on these inputs, as they are fed.

    It gains at least half of the way from the commonest label to perfection. False where there
    are too few labels, or only one.
    """
    for output in () if evidence.comparison is None else evidence.comparison.outputs:
        labels = output.labels
        if labels is None or labels.labelled < thresholds.MIN_DISTINCT_INPUTS:
            continue
        commonest = commonest_share(labels)
        accuracy = labels.reference_accuracy
        is_known = accuracy is not None and commonest < 1
        if is_known and gained(accuracy or 0.0, commonest) >= thresholds.WORKING_GAIN:
            return True
    return False


def _is_guessing(labels: LabelStatistics) -> bool:
    """Whether the reference gains little over always naming the commonest label."""
    commonest = commonest_share(labels)
    if labels.reference_accuracy is None or commonest == 1:
        return False
    return gained(labels.reference_accuracy, commonest) < thresholds.LOST_GAIN


def _labels(evidence: Evidence) -> LabelStatistics | None:
    if evidence.comparison is None:
        return None
    found = [output.labels for output in evidence.comparison.outputs if output.labels is not None]
    return found[0] if found else None


def _classes(evidence: Evidence) -> int:
    """Number of classes of the output that names them."""
    if not names_classes(evidence.spec):
        raise NotApplicable(f"the task is {evidence.spec.model.task}, not classification")
    outputs = evidence.contract.outputs
    primary = primary_of(evidence.spec, [port.name for port in outputs])
    chosen = [port for port in outputs if port.name == primary]
    if not chosen:
        raise NotApplicable("the model has no output")
    if holds_class_numbers(chosen[0].tensor, "classes"):
        raise NotApplicable("the model gives numbers of classes, and does not say how many it has")
    shape = chosen[0].tensor.shape
    batches = {port.tensor.shape[:1] for port in evidence.contract.inputs}
    # A file for several samples at once gives as many answers.
    sizes = shape[1:] if len(shape) > 1 and batches == {shape[:1]} else shape
    return max(math.prod(max(size, 1) for size in sizes), 2)
