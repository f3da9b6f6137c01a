"""The one way to a dataset: what the spec says, opened and checked."""

from collections.abc import Sequence
from pathlib import Path

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.arrays import ArrayDataset, open_inputs, require_same_length
from edgecheck.samples.chunk import Dataset
from edgecheck.samples.files import existing, joined
from edgecheck.samples.images import ImageDataset, find_images
from edgecheck.samples.label_arrays import check_labels
from edgecheck.samples.label_table import read_label_table
from edgecheck.samples.npy import Rows, member_names, open_rows
from edgecheck.samples.selection import select
from edgecheck.spec.model import DatasetSpec

ARRAY_SUFFIXES = frozenset({".npy", ".npz"})


def open_dataset(
    spec: DatasetSpec, base: Path, input_names: Sequence[str], class_names: Sequence[str] = ()
) -> Dataset:
    """Find samples and labels and check what can be checked without reading the samples.

    Args:
        spec: the dataset section.
        base: the folder that its paths are relative to.
        input_names: the inputs to feed, as the spec names them; the chunks use these names.
        class_names: the model's labels; empty if unknown.

    Raises:
        DatasetUnreadable: missing, damaged, or it does not fit the inputs or the labels.
    """
    path = joined(base, spec.path)
    if path.suffix.lower() in ARRAY_SUFFIXES:
        return _open_arrays(spec, existing(path), base, input_names, len(class_names) or None)
    return _open_images(spec, base, input_names, class_names)


def _open_arrays(
    spec: DatasetSpec, path: Path, base: Path, names: Sequence[str], class_count: int | None
) -> ArrayDataset:
    keys = spec.arrays or {}
    unknown = [name for name in keys if name not in names]
    if unknown:
        raise DatasetUnreadable(
            f"`arrays` names input {unknown[0]!r}, the inputs are {', '.join(map(repr, names))}",
            hint="Use the names under `inputs`.",
        )
    is_key = path.suffix.lower() == ".npz" and spec.labels in member_names(path)
    inputs = open_inputs(path, names, keys, spec.labels if is_key else None)
    labels = None
    if spec.labels is not None:
        labels = open_rows(path, spec.labels) if is_key else _label_file(spec.labels, base, path)
        check_labels(labels, class_count)
    lengths = {name: len(rows) for name, rows in inputs.items()}
    require_same_length(path.name, lengths | ({} if labels is None else {"labels": len(labels)}))
    count = len(inputs[names[0]])
    return ArrayDataset(path.name, inputs, labels, class_count, _selected(spec, count))


def _label_file(labels: str, base: Path, dataset: Path) -> Rows:
    """Labels in an array file of their own."""
    path = joined(base, labels)
    suffix = path.suffix.lower()
    if suffix not in ARRAY_SUFFIXES:
        raise DatasetUnreadable(
            f"labels {labels!r} is neither an array in {dataset.name} nor an .npy or .npz file",
            hint="Save the class numbers with np.save, one a row of the dataset.",
        )
    if suffix == ".npy":
        return open_rows(existing(path))
    members = member_names(existing(path))
    if len(members) != 1:
        raise DatasetUnreadable(
            f"labels {labels!r} holds {len(members)} arrays, expected one",
            hint="Save the labels alone, with np.save.",
        )
    return open_rows(path, members[0])


def _open_images(
    spec: DatasetSpec, base: Path, names: Sequence[str], class_names: Sequence[str]
) -> ImageDataset:
    if len(names) != 1:
        raise DatasetUnreadable(
            f"image files can feed one input, there are {len(names)}: {', '.join(names)}",
            hint="Save the samples as one .npz with an array for each input.",
        )
    if spec.arrays:
        raise DatasetUnreadable(
            "`arrays` is for .npz files, the dataset is image files", hint="Remove `arrays`."
        )
    folder, ids = find_images(spec.path, base)
    labels = None
    if spec.labels is not None:
        table = joined(base, spec.labels)
        if table.suffix.lower() != ".csv":
            raise DatasetUnreadable(
                f"labels {spec.labels!r} of image files must be a .csv file",
                hint="Write one `filename,label` a line.",
            )
        labels = read_label_table(table, ids, class_names)
    return ImageDataset(folder, names[0], ids, labels, _selected(spec, len(ids)))


def _selected(spec: DatasetSpec, count: int) -> Sequence[int]:
    return select(count, spec.limit, spec.seed, in_file_order=spec.order == "file")
