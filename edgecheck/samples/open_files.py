"""Opening datasets of image and audio files."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.class_folders import KEYWORD, folder_classes
from edgecheck.samples.encoded import FileDataset, InputFiles
from edgecheck.samples.file_table import FileTable, read_file_table
from edgecheck.samples.files import joined
from edgecheck.samples.find import Found
from edgecheck.samples.label_table import (
    as_targets,
    read_label_table,
    read_value_table,
    table_labels,
)
from edgecheck.samples.names import column_numbers
from edgecheck.samples.pairing import pair_by_stem
from edgecheck.samples.remote import is_url
from edgecheck.samples.request import TABLE_SUFFIX, Request
from edgecheck.spec.wording import did_you_mean, quoted
from edgecheck.tensors import Array


class Truths(NamedTuple):
    """What is known about all samples."""

    labels: Array | None = None
    """int64 (n, k)."""
    targets: Array | None = None
    """float32 (n, k)."""


def open_files(request: Request, paths: Mapping[str, str]) -> FileDataset:
    """List the files of every input, pair them and find the truth about them.

    Args:
        request: what was asked for.
        paths: input name -> files, or for an input that is no file a .csv with `filename`.

    Raises:
        DatasetUnreadable: nothing there, files without partner, or labels that do not fit.
    """
    tables = {name: path for name, path in paths.items() if request.suffix(path) == TABLE_SUFFIX}
    if not tables:
        _require_labels(request)
    found = {
        name: request.files(path, request.inputs[name].kind, in_class_folders=_is_deep(request))
        for name, path in paths.items()
        if name not in tables
    }
    if not found:
        raise DatasetUnreadable(
            f"several tables cannot be paired: {', '.join(tables.values())}",
            hint="Join them to one .csv, and say under `features` which columns each input gets.",
        )
    if request.spec.features and not tables:
        raise DatasetUnreadable(
            "`features` is for columns of .csv files, the dataset has none",
            hint="Remove `features`.",
        )
    ids, names = _pair(found)
    are_stems = len(found) > 1
    read = {
        name: read_file_table(request.file(path), ids, are_stems=are_stems)
        for name, path in tables.items()
    }
    first = replace(next(iter(found.values())), ids=next(iter(names.values())))
    truths = _table_truths(request, read, len(ids)) or _truths(request, first, ids, are_stems)
    selected = request.selected(len(ids))
    for name, files in found.items():
        files.fetch([names[name][number] for number in selected])
    return FileDataset(
        ids=ids,
        files={name: InputFiles(files.folder, names[name]) for name, files in found.items()},
        selected=selected,
        labels=truths.labels,
        targets=truths.targets,
        arrays={name: _features(request, name, table, ids) for name, table in read.items()},
    )


def _require_labels(request: Request) -> None:
    """A misspelt `folders` is told before the files that are missing without it."""
    labels = request.spec.labels
    if not isinstance(labels, str) or labels == KEYWORD or request.suffix(labels):
        return
    if did_you_mean(labels, [KEYWORD]) and not _is_folder(request, labels):
        raise _no_labels(labels)


def _is_deep(request: Request) -> bool:
    """Whether a folder stands for its class folders."""
    labels = request.spec.labels
    return labels == KEYWORD or (isinstance(labels, str) and _is_folder(request, labels))


def _is_folder(request: Request, labels: str) -> bool:
    return not is_url(labels) and joined(request.base, labels).is_dir()


def _pair(found: Mapping[str, Found]) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Ids of the samples, and the file of each input for each of them."""
    if len(found) == 1:
        return next(iter(found.values())).ids, {name: files.ids for name, files in found.items()}
    return pair_by_stem({name: files.ids for name, files in found.items()})


def _truths(request: Request, found: Found, ids: Sequence[str], are_stems: bool) -> Truths:
    source = request.truth_source
    if source is None:
        return Truths()
    if isinstance(source, tuple):
        raise DatasetUnreadable(
            f"`labels` names {len(source)} things, files have one .csv file with their labels",
            hint="Write `filename,value,...`, one file a line.",
        )
    if source == KEYWORD or _is_folder(request, source):
        return _folder_truths(request, found, source)
    if request.suffix(source) != TABLE_SUFFIX:
        raise _no_labels(source)
    table = request.file(source)
    if request.truth == "values":
        return Truths(targets=read_value_table(table, ids, are_stems=are_stems))
    return Truths(read_label_table(table, ids, request.class_names, are_stems=are_stems))


def _no_labels(source: str) -> DatasetUnreadable:
    return DatasetUnreadable(
        f"labels {quoted(source)} of files must be a .csv file or `{KEYWORD}`"
        + did_you_mean(source, [KEYWORD]),
        hint=f"Write one `filename,label` a line, or `labels: {KEYWORD}` for class folders.",
    )


def _folder_truths(request: Request, found: Found, source: str) -> Truths:
    if request.truth == "values":
        raise DatasetUnreadable(
            f"`labels: {source}` gives classes, the task needs values",
            hint="Write a .csv file with `filename,value,...`, one file a line.",
        )
    root: Path | None = None if source == KEYWORD else joined(request.base, source)
    return Truths(folder_classes(found, root, request.class_names))


def _table_truths(request: Request, read: Mapping[str, FileTable], count: int) -> Truths | None:
    """The truth, if it is in columns of a table that also feeds an input."""
    source = request.truth_source
    names = (source,) if isinstance(source, str) else source or ()
    for table in read.values():
        if not names or any(name not in table.columns for name in names):
            continue
        if request.truth == "values":
            return Truths(targets=as_targets(table.values(names, count)))
        column = column_numbers(names, table.columns, table.name)[0]
        return Truths(table_labels(table, column, count, request.class_names))
    return None


def _features(request: Request, name: str, table: FileTable, ids: Sequence[str]) -> Array:
    """What an input that is no file gets: float64 (n, features)."""
    absent = [number for number in range(len(ids)) if number not in table.lines]
    if absent:
        raise DatasetUnreadable(
            f"{table.name} has no line for {len(absent)} of {len(ids)} files, such as "
            f"{ids[absent[0]]}",
            hint=f"Input {name!r} needs one line for every file, with its `filename`.",
        )
    features = request.spec.features
    chosen = features.get(name) if isinstance(features, dict) else features
    labels = request.spec.labels
    truth = (labels,) if isinstance(labels, str) else labels or ()
    if chosen is None and not set(truth).isdisjoint(table.columns):
        chosen = tuple(column for column in table.columns if column not in truth)
    return np.ascontiguousarray(table.values(chosen, len(ids)))
