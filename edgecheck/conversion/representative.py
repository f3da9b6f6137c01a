"""The representative dataset: which samples, and what the spec's own steps make of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.samples.chunk import UNLABELLED, Dataset
from edgecheck.spec.model import InputSpec
from edgecheck.tensors import Array

_CHUNK: Final = 64


def classes_of(dataset: Dataset) -> Array | None:
    """int64 (n,): the first acceptable class of each sample, `UNLABELLED` where there is none.

    None where the dataset has no classes.

    Raises:
        DatasetUnreadable: a sample cannot be read.
    """
    found = []
    for chunk in dataset.chunks(_CHUNK):
        if chunk.labels is None:
            return None
        labels = chunk.labels
        found.append(labels[:, 0] if labels.shape[1] else np.full(len(labels), UNLABELLED))
    return np.concatenate(found).astype(np.int64) if found else None


def stratified(classes: Array, count: int, seed: int) -> tuple[int, ...]:
    """Ascending places of a draw in which every class has its share; the same on every machine.

    Each class is shuffled, and the k-th of its m samples gets the rank k / m: the `count` lowest
    ranks are taken. So every class comes once before any has its share, and shares are met within
    one sample.

    Args:
        classes: int64 (n,), a class for each sample.
        count: how many to take, at most n.
        seed: of PCG64.
    """
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(classes))
    shuffled = classes[order]
    by_class = np.argsort(shuffled, kind="stable")
    _, starts, sizes = np.unique(shuffled[by_class], return_index=True, return_counts=True)
    within = np.arange(len(classes)) - np.repeat(starts, sizes)
    ranks = np.empty(len(classes))
    ranks[by_class] = within / np.repeat(sizes, sizes)
    chosen = np.argsort(ranks, kind="stable")[:count]
    return tuple(int(place) for place in np.sort(order[chosen]))


def write_representative(
    dataset: Dataset, inputs: Mapping[str, InputSpec], folder: Path
) -> dict[str, Path]:
    """Run the steps of the spec on every sample, into one .npy file for each input.

    Args:
        dataset: the samples to calibrate on; at least one.
        inputs: of the spec.
        folder: where the files go.

    Returns:
        Input -> file, float32 (n, *shape).

    Raises:
        DatasetUnreadable: a sample cannot be read, or does not fit a step or the others.
    """
    pipelines = {name: Pipeline(name, spec) for name, spec in inputs.items()}
    paths = {name: folder / f"representative-{number}.npy" for number, name in enumerate(inputs)}
    files: dict[str, Array] = {}
    first = 0
    for chunk in dataset.chunks(_CHUNK):
        for name, pipeline in pipelines.items():
            values = pipeline(chunk.rows[name], chunk.ids)
            if name not in files:
                files[name] = _new_file(paths[name], (len(dataset), *values.shape[1:]))
            files[name][first : first + len(values)] = values
        first += len(chunk.ids)
    return paths


def _new_file(path: Path, shape: tuple[int, ...]) -> Array:
    """An array in a new .npy file."""
    made: Array = np.lib.format.open_memmap(path, "w+", np.float32, shape)  # type: ignore[no-untyped-call]
    return made
