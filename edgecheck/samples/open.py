"""The one way to a dataset: what the spec says, opened and checked."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.chunk import Dataset, Truth
from edgecheck.samples.class_names import ClassNames
from edgecheck.samples.find import SUFFIXES
from edgecheck.samples.names import listed, require_inputs
from edgecheck.samples.open_arrays import ARRAY_SUFFIXES, open_arrays
from edgecheck.samples.open_files import open_files
from edgecheck.samples.request import TABLE_SUFFIX, Request
from edgecheck.samples.scratch import FetchedDataset, Scratch
from edgecheck.samples.stored_table import open_table
from edgecheck.samples.table import TableDataset, feeds_of, label_columns
from edgecheck.spec.model import DatasetSpec, InputSpec

PROBE = 64
"""How many rows of a table are read at once, so that a mistake is told before anything runs."""


def open_dataset(
    spec: DatasetSpec,
    base: Path,
    inputs: Mapping[str, InputSpec],
    class_names: Sequence[str] = (),
    truth: Truth = "classes",
) -> Dataset:
    """Find samples and labels and check what can be checked without reading the samples.

    Args:
        spec: the dataset section.
        base: the folder that its paths are relative to.
        inputs: the inputs to feed, as the spec names them; the chunks use these names.
        class_names: the model's labels; empty if unknown.
        truth: what the labels are. With "none" they are only kept out of the features.

    Raises:
        DatasetUnreadable: missing, damaged, or it does not fit the inputs or the labels.
    """
    scratch = Scratch()
    try:
        request = Request(spec, base, inputs, tuple(class_names), truth, scratch)
        dataset = _open(request)
    except BaseException:
        scratch.remove()
        raise
    return FetchedDataset(dataset, scratch) if scratch.is_used else dataset


def _open(request: Request) -> Dataset:
    paths = _paths(request)
    suffixes = {name: request.suffix(path) for name, path in paths.items()}
    if set(suffixes.values()) <= ARRAY_SUFFIXES:
        _refuse(request.spec.features, "features", "columns of .csv files")
        return open_arrays(request, paths)
    _refuse(request.spec.arrays, "arrays", "keys of .npz files")
    if set(suffixes.values()) == {TABLE_SUFFIX} and len(set(paths.values())) == 1:
        return _open_table(request, next(iter(paths.values())))
    for name, suffix in suffixes.items():
        _require_files(request, name, paths[name], suffix)
    return open_files(request, paths)


def _paths(request: Request) -> dict[str, str]:
    """Where each input comes from."""
    path, names = request.spec.path, list(request.inputs)
    if isinstance(path, str):
        is_shared = request.suffix(path) in {*ARRAY_SUFFIXES, TABLE_SUFFIX}
        if len(names) > 1 and not is_shared:
            raise DatasetUnreadable(
                f"files of one path can feed one input, there are {len(names)}: {listed(names)}",
                hint=f"Give each its own: `path: {{{names[0]}: folder, {names[1]}: folder}}`.",
            )
        return dict.fromkeys(names, path)
    require_inputs(path, names, "path")
    missing = [name for name in names if name not in path]
    if missing:
        raise DatasetUnreadable(
            f"`path` says nothing about input {missing[0]!r}",
            hint="Name a folder, pattern or file for every input.",
        )
    return {name: path[name] for name in names}


def _refuse(section: object, name: str, meaning: str) -> None:
    """A section that would silently do nothing."""
    if section:
        raise DatasetUnreadable(
            f"`{name}` is for {meaning}, the dataset has none", hint=f"Remove `{name}`."
        )


def _require_files(request: Request, name: str, path: str, suffix: str) -> None:
    """An input that is not all there is has image or audio files, or a table about them."""
    kind = request.inputs[name].kind
    if kind in SUFFIXES and suffix not in {*ARRAY_SUFFIXES, TABLE_SUFFIX}:
        return
    if kind not in SUFFIXES and suffix == TABLE_SUFFIX:
        return
    found = f"input {name!r} of kind {kind} cannot be read from {PurePath(path).name!r}"
    if suffix in ARRAY_SUFFIXES:
        raise DatasetUnreadable(
            f"{found} beside inputs from other files: its rows have no file names",
            hint="Save all inputs as arrays, or write a .csv with a `filename` column.",
        )
    if kind in SUFFIXES:
        raise DatasetUnreadable(
            f"{found}",
            hint=f"`path` names the {kind} files; a .csv about them goes to `labels`.",
        )
    raise DatasetUnreadable(found, hint="Arrays are in .npy or .npz files, tables in .csv files.")


def _open_table(request: Request, path: str) -> TableDataset:
    for name, spec in request.inputs.items():
        if spec.kind in SUFFIXES:
            _require_files(request, name, path, TABLE_SUFFIX)
    table = open_table(request.file(path))
    labels = label_columns(table, request.spec, request.truth)
    dataset = TableDataset(
        table=table,
        feeds=feeds_of(table, request.spec, request.inputs, labels),
        labels=labels,
        truth=request.truth,
        classes=ClassNames(request.class_names),
        selected=request.selected(table.count),
    )
    next(dataset.chunks(PROBE))
    return dataset
