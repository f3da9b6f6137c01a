"""Stored statistics of batch normalization against those that samples give, in a child process."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgecheck.metrics.gaussians import gaussian_kl
from edgecheck.metrics.moments import ColumnMoments, Moments
from edgecheck.runtime.job import Job
from edgecheck.runtime.trained.child import ask
from edgecheck.runtime.trained.description import Description
from edgecheck.runtime.trained.normalizations import Norm
from edgecheck.runtime.values import encode
from edgecheck.runtime.worker_process import KeptProcess
from edgecheck.tensors import Array

_ROWS = 16


@dataclass(frozen=True)
class ObservedNorm:
    """One layer of batch normalization. Medians are over its channels."""

    name: str
    channels: int
    kl_median: float
    """Of the observed normal distribution from the stored one, nats."""
    kl_largest: float
    shift_median: float
    """Distance of the means, in stored standard deviations."""
    variance_ratio_median: float
    """Observed variance for each of the stored one."""


def observed_norms(
    job: Job, feeds: Mapping[str, Path], timeout: float, kept: KeptProcess | None = None
) -> tuple[ObservedNorm, ...]:
    """Run samples through a trained model and look at what reaches its normalization layers.

    Args:
        job: of the model; its outputs do not matter.
        feeds: input name -> .npy file of float32 (n, ...).
        timeout: seconds for all of it.
        kept: lends the process; None for one of its own.

    Raises:
        InputMissing, RuntimeMissing, UnusableError: as `child.ask`.
    """
    options = {"job": job.to_json(), "feeds": {name: str(file) for name, file in feeds.items()}}
    found = ask("batch-norm", Path(job.model), options, timeout, kept)
    return tuple(ObservedNorm(**entry) for entry in found)


def examine_norms(path: Path, form: Any, options: Mapping[str, Any]) -> list[dict[str, Any]]:  # noqa: ANN401
    """In the child: the fields of each `ObservedNorm`, in the order of the layers."""
    from edgecheck.runtime.trained.model import open_model
    from edgecheck.runtime.trained.normalizations import tapped

    job = Job.from_json(options["job"])
    model = open_model(path, form, signature=job.signature, allow_code=job.allows_code)
    taps = tapped(model, path)
    if not taps.norms:
        return []
    moments = [Moments(len(norm.mean)) for norm in taps.norms]
    for feeds in batches(job, model.description, options["feeds"]):
        for number, values in taps.run(feeds):
            by_channel = np.moveaxis(values, taps.norms[number].axis, -1)
            moments[number].update(by_channel.reshape(-1, by_channel.shape[-1]))
    return [_fields(norm, seen) for norm, seen in zip(taps.norms, moments, strict=True)]


def batches(
    job: Job, description: Description, files: Mapping[str, str], most: int = _ROWS
) -> Iterator[dict[str, Array]]:
    """Feeds by argument: `most` rows at a time where the batch axis is open, else one by one."""
    rows = {name: np.load(file, mmap_mode="r") for name, file in files.items()}
    is_open = all(port.shape[:1] == (-1,) for port in description.inputs)
    is_batched = is_open and all(slot.shape[:1] == (1,) for slot in job.inputs)
    count, step = min(map(len, rows.values())), most if is_batched else 1
    for first in range(0, count, step):
        encoded = {
            slot.argument: encode(np.asarray(rows[slot.name][first : first + step]), slot)
            for slot in job.inputs
        }
        yield {name: each[:, 0] if is_batched else each[0] for name, each in encoded.items()}


def divergence(norm: Norm, seen: ColumnMoments) -> Array:
    """Of what is observed from what is stored, nats (channels,).

    Epsilon goes to both variances, as in the layer.
    """
    stored = norm.variance.astype(np.float64) + norm.epsilon
    return gaussian_kl(seen.mean, seen.std**2 + norm.epsilon, norm.mean.astype(np.float64), stored)


def _fields(norm: Norm, moments: Moments) -> dict[str, Any]:
    """What is observed beside what is stored."""
    seen = moments.compute()
    stored = norm.variance.astype(np.float64) + norm.epsilon
    kl = divergence(norm, seen)
    return {
        "name": norm.name,
        "channels": len(norm.mean),
        "kl_median": float(np.median(kl)),
        "kl_largest": float(kl.max()),
        "shift_median": float(np.median(np.abs(seen.mean - norm.mean) / np.sqrt(stored))),
        "variance_ratio_median": float(np.median((seen.std**2 + norm.epsilon) / stored)),
    }
