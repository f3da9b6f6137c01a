"""Right answers of a trained model before and after batch normalization collected its statistics anew."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

import numpy as np

from edgecheck import proof_thresholds
from edgecheck.compare.answers import Reading, Truth
from edgecheck.compare.attempts import Feeds, Rework
from edgecheck.compare.entrant import Entrant
from edgecheck.compare.experiment import Setup, class_output
from edgecheck.conversion.representative import write_representative
from edgecheck.runtime.trained.renormalize import renormalized_outputs
from edgecheck.samples.chunk import UNLABELLED, Dataset
from edgecheck.samples.part import Part
from edgecheck.samples.selection import spread
from edgecheck.tensors import Array

_SAMPLES, _BYTES = 256, 1 << 28
"""How many are looked at, and what they may take on the disk."""
_ROWS = 16
"""Reworked at once."""
SECONDS: Final = 300.0


@dataclass(frozen=True)
class Recollected:
    """Whether each labelled sample is answered rightly: bool (n,), of the same samples."""

    before: Array
    after: Array
    commonest: int
    """Samples of the commonest class."""
    left: float | None
    """As of `Outputs`."""
    seconds: float
    """That it took."""


def recollected(
    setup: Setup,
    reference: Entrant,
    timeout: float,
    rework: Rework | None = None,
    *,
    with_left: bool = True,
) -> Recollected | None:
    """Collect statistics anew on one half of some samples, and ask the other half before and after.

    Args:
        setup: of a pass; its steps prepare both halves.
        reference: a trained model.
        timeout: seconds beyond which the model hangs, for one run.
        rework: what is done with prepared rows besides.
        with_left: as of `renormalized_outputs`.

    Returns:
        None without labels of some of the asked or a class to read, or where statistics cannot be collected.

    Raises:
        EdgecheckError: samples do not fit the steps, or the model cannot be run.
    """
    start, output = perf_counter(), class_output(setup)
    if output is None or output.reference is None:
        return None
    samples = spread_samples(setup, reference)
    collected = Part(samples, range(0, len(samples), 2))
    asked = Part(samples, range(1, len(samples), 2))
    job = reference.job(setup.spec, (), threads=1)
    with TemporaryDirectory(prefix="edgecheck-") as folder:
        home = Path(folder)
        files = {
            name: _written(part, setup, home / name, rework)
            for name, part in (("collected", collected), ("asked", asked))
        }
        limit = timeout + SECONDS
        found = renormalized_outputs(job, files, home, limit, setup.kept, with_left=with_left)
    labels = _labels(asked)
    if found is None or labels is None:
        return None
    known, reading = (labels != UNLABELLED).any(axis=1), Reading(output)
    if known.sum() < proof_thresholds.TRIAL_SAMPLES:
        return None
    truth = Truth([labels[known]], None)
    before, after = (
        truth.right(0, reading.read(rows, "reference")[known])
        for rows in (found.before, found.after)
    )
    commonest = _commonest(labels[known])
    return Recollected(before, after, commonest, found.left, perf_counter() - start)


def spread_samples(setup: Setup, reference: Entrant) -> Dataset:
    """As many samples as there is room for, from everywhere in the dataset."""
    shapes = reference.sample_shapes(setup.spec)
    each = max(4 * sum(prod(shape) for shape in shapes.values()), 1)  # float32
    most = max(1, min(_SAMPLES, _BYTES // each))
    return Part(setup.dataset, spread(len(setup.dataset), most))


def _written(
    part: Dataset, setup: Setup, folder: Path, rework: Rework | None
) -> Mapping[str, Path]:
    """Input name -> .npy file of its prepared rows."""
    folder.mkdir()
    files = write_representative(part, setup.spec.inputs, folder)
    if rework is not None:
        _rework({name: np.load(file, mmap_mode="r+") for name, file in files.items()}, rework)
    return files


def _rework(stored: Feeds, rework: Rework) -> None:
    """Some rows after the other, in the files that hold them."""
    for first in range(0, min(map(len, stored.values())), _ROWS):
        some = slice(first, first + _ROWS)
        made = rework({name: np.array(rows[some]) for name, rows in stored.items()})
        for name, rows in stored.items():
            rows[some] = made[name]


def _labels(dataset: Dataset) -> Array | None:
    """int64 (n, k): the acceptable classes of each sample; None where there are none."""
    found = [chunk.labels for chunk in dataset.chunks(_SAMPLES)]
    known = [labels for labels in found if labels is not None]
    return np.concatenate(known) if known and len(known) == len(found) else None


def _commonest(labels: Array) -> int:
    counts = np.unique(labels[labels != UNLABELLED], return_counts=True)[1]
    return int(counts.max(initial=0))
