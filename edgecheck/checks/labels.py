"""Labels against the model's classes, and how one-sided the data are."""

from collections.abc import Iterator

from edgecheck.checks import thresholds
from edgecheck.checks.evidence import Evidence, NotApplicable
from edgecheck.compare.statistics import LabelStatistics
from edgecheck.findings import Finding, Subject
from edgecheck.rules.dataset.dataset_single_class import DatasetSingleClass
from edgecheck.rules.dataset.label_count_mismatch import LabelCountMismatch
from edgecheck.rules.output.reference_inaccurate import ReferenceInaccurate
from edgecheck.spec.model import Spec


def check_count(evidence: Evidence) -> Iterator[Finding]:
    """As many label names as classes, and no label beyond them."""
    classes = _classes(evidence)
    names, labels = evidence.label_names, _labels(evidence)
    subject = Subject("dataset", "labels")
    dataset = evidence.spec.dataset
    is_promised = dataset is not None and dataset.labels is not None
    if is_promised and labels is None and evidence.comparison is not None:
        detail = "the spec names labels, but they label none of the samples that were run"
        yield Finding.of(LabelCountMismatch(0, classes, detail), subject, severity="warning")
        return
    if not names and labels is None:
        raise NotApplicable("there are no labels")
    if names and len(names) != classes:
        detail = "the list of label names and the model's output differ in length"
        yield Finding.of(LabelCountMismatch(len(names), classes, detail), subject)
    elif labels is not None and labels.highest >= classes:
        detail = f"the dataset holds label {labels.highest}, the last class is {classes - 1}"
        yield Finding.of(LabelCountMismatch(labels.highest + 1, classes, detail), subject)


def check_balance(evidence: Evidence) -> Iterator[Finding]:
    """Whether the labels can show a collapse to one class at all."""
    labels = _labels(evidence)
    if evidence.comparison is None:
        raise NotApplicable("no sample was run")
    if labels is None:
        raise NotApplicable("the dataset has no labels")
    label, count = max(labels.class_counts.items(), key=lambda item: item[1])
    share = count / labels.labelled
    if share >= thresholds.SINGLE_CLASS_SHARE:
        rule = DatasetSingleClass(label=label, share=share, labelled=labels.labelled)
        yield Finding.of(rule, Subject("dataset", "labels"))


def check_reference(evidence: Evidence) -> Iterator[Finding]:
    """The reference does better on the labels than always naming the commonest one."""
    known = [o for o in evidence.observed.outputs if o.labels is not None]
    if not known or known[0].labels is None or known[0].labels.reference_accuracy is None:
        raise NotApplicable("there is no reference, or there are no labels")
    labels = known[0].labels
    if labels.labelled < thresholds.MIN_DISTINCT_INPUTS:
        few = f"{labels.labelled} samples are labelled"
        raise NotApplicable(f"{few}; this needs {thresholds.MIN_DISTINCT_INPUTS}")
    commonest = _commonest(labels)
    if commonest == 1:
        raise NotApplicable("all labels are the same")
    if _is_guessing(labels):
        accuracy = labels.reference_accuracy or 0.0
        rule = ReferenceInaccurate(known[0].name, labels.labelled, accuracy, commonest)
        yield Finding.of(rule, Subject("reference", known[0].name))


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
        excess = top - _commonest(labels)
        if excess > thresholds.COLLAPSE_SHARE_EXCESS or _is_guessing(labels):
            return True
    return False


def _is_guessing(labels: LabelStatistics) -> bool:
    """Whether the reference gains little over always naming the commonest label.

    Gain as in Cohen's kappa (1960): (accuracy - chance) / (1 - chance).
    """
    commonest = _commonest(labels)
    if labels.reference_accuracy is None or commonest == 1:
        return False
    return (labels.reference_accuracy - commonest) / (1 - commonest) < thresholds.LOST_GAIN


def _commonest(labels: LabelStatistics) -> float:
    """Share of the samples that the commonest label is acceptable for."""
    return max(labels.class_counts.values()) / labels.labelled


def has_classes(spec: Spec) -> bool:
    """Whether outputs name classes."""
    return spec.model.task == "classification"


def _labels(evidence: Evidence) -> LabelStatistics | None:
    if evidence.comparison is None:
        return None
    found = [output.labels for output in evidence.comparison.outputs if output.labels is not None]
    return found[0] if found else None


def _classes(evidence: Evidence) -> int:
    """Number of classes of the output that names them."""
    if not has_classes(evidence.spec):
        raise NotApplicable(f"the task is {evidence.spec.model.task}, not classification")
    outputs = evidence.contract.outputs
    chosen = [port for port in outputs if _is_primary(evidence.spec, port.name)] or outputs[:1]
    if not chosen:
        raise NotApplicable("the model has no output")
    width = 1
    for size in chosen[0].tensor.shape:
        width *= max(size, 1)
    return max(width, 2)


def _is_primary(spec: Spec, name: str) -> bool:
    return name in spec.outputs and spec.outputs[name].primary
