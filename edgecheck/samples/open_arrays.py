"""Opening datasets in .npy and .npz files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.arrays import ArrayDataset, open_inputs, require_same_length
from edgecheck.samples.label_arrays import check_labels
from edgecheck.samples.names import listed, require_inputs
from edgecheck.samples.npy import Rows, member_names, open_rows
from edgecheck.samples.request import Request
from edgecheck.samples.value_arrays import ClassRows, ValueRows, check_values

ARRAY_SUFFIXES = frozenset({".npy", ".npz"})


def open_arrays(request: Request, paths: Mapping[str, str]) -> ArrayDataset:
    """Bind every input and the labels to an array each.

    Args:
        request: what was asked for.
        paths: input name -> its .npy or .npz file; several inputs may share one.

    Raises:
        DatasetUnreadable: a file or array is missing or damaged, or the numbers of samples differ.
    """
    keys = request.spec.arrays or {}
    require_inputs(keys, list(request.inputs), "arrays")
    files = {path: request.file(path) for path in dict.fromkeys(paths.values())}
    label_keys = _label_keys(request, list(files.values()))
    inputs: dict[str, Rows] = {}
    for path, file in files.items():
        names = [name for name in request.inputs if paths[name] == path]
        inputs |= open_inputs(file, names, keys, label_keys)
    inputs = {name: inputs[name] for name in request.inputs}
    labels = _truth_rows(request, list(files.values()), label_keys)
    _check(request, labels)
    first = next(iter(files.values()))
    lengths = {name: len(rows) for name, rows in inputs.items()}
    truths = {"labels": labels[0]} if len(labels) == 1 else {rows.name: rows for rows in labels}
    require_same_length(first.name, lengths | {name: len(rows) for name, rows in truths.items()})
    is_classes = request.truth == "classes"
    return ArrayDataset(
        file=first.name,
        inputs=inputs,
        selected=request.selected(min(lengths.values())),
        labels=ClassRows(labels[0], request.class_count) if labels and is_classes else None,
        targets=ValueRows(labels) if labels and not is_classes else None,
    )


def _label_keys(request: Request, files: Sequence[Path]) -> tuple[str, ...]:
    """The keys of `labels` that are arrays of the dataset itself."""
    labels = request.spec.labels
    names = (labels,) if isinstance(labels, str) else labels or ()
    if not names or len(files) != 1 or files[0].suffix.lower() != ".npz":
        return ()
    members = member_names(files[0])
    return tuple(name for name in names if name in members)


def _truth_rows(request: Request, files: Sequence[Path], keys: Sequence[str]) -> list[Rows]:
    """The arrays that hold the truth."""
    source = request.truth_source
    names = (source,) if isinstance(source, str) else source or ()
    return [
        open_rows(files[0], name) if name in keys else _label_file(request, name, files[0])
        for name in names
    ]


def _check(request: Request, labels: Sequence[Rows]) -> None:
    """That they are what the task compares with."""
    if request.truth == "values":
        check_values(labels)
    elif len(labels) > 1:
        raise DatasetUnreadable(
            f"`labels` names {len(labels)} arrays; classes are in one",
            hint="Save one class number a sample, or k acceptable ones padded with -1.",
        )
    elif labels:
        check_labels(labels[0], request.class_count)


def _label_file(request: Request, labels: str, dataset: Path) -> Rows:
    """Labels in an array file of their own."""
    suffix = request.suffix(labels)
    if suffix not in ARRAY_SUFFIXES:
        known = f"; it holds {listed(member_names(dataset))}" if dataset.suffix == ".npz" else ""
        raise DatasetUnreadable(
            f"labels {labels!r} is neither an array in {dataset.name} nor an .npy or .npz file"
            f"{known}",
            hint="Save the labels with np.save, one a row of the dataset.",
        )
    path = request.file(labels)
    if suffix == ".npy":
        return open_rows(path)
    members = member_names(path)
    if len(members) != 1:
        raise DatasetUnreadable(
            f"labels {labels!r} holds {len(members)} arrays, expected one",
            hint="Save the labels alone, with np.save.",
        )
    return open_rows(path, members[0])
