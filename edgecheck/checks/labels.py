"""Labels against the model's classes, and how one-sided the data are."""

import math
from collections.abc import Iterator

from edgecheck.checks import thresholds
from edgecheck.checks.evidence import Evidence, NotApplicable
from edgecheck.compare.statistics import LabelStatistics
from edgecheck.findings import Finding, Subject
from edgecheck.rules.dataset.dataset_single_class import DatasetSingleClass
from edgecheck.rules.dataset.label_count_mismatch import LabelCountMismatch
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


def reference_is_lost(evidence: Evidence) -> bool:
    """Whether the reference itself fails on these inputs, as the labels show.

    It is right hardly more often than always naming the commonest label (normal approximation of
    the binomial), or names one class far too often. False where there are too few labels to tell.
    """
    for output in () if evidence.comparison is None else evidence.comparison.outputs:
        labels, reference = output.labels, output.reference
        if labels is None or reference is None or labels.reference_accuracy is None:
            continue
        if labels.labelled < thresholds.MIN_DISTINCT_INPUTS:
            continue
        commonest = max(labels.class_counts.values()) / labels.labelled
        deviation = math.sqrt(commonest * (1 - commonest) / labels.labelled)
        better = labels.reference_accuracy - commonest
        counts = reference.class_counts
        top = 0.0 if counts is None else float(counts.max()) / reference.samples
        is_one_sided = top - commonest > thresholds.COLLAPSE_SHARE_EXCESS
        if is_one_sided or (deviation and better < thresholds.LOST_DEVIATIONS * deviation):
            return True
    return False


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
