"""Other samples for a deployment: some of the base's, or changed ones, as files of the same kind."""

import csv
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from faults.case import Array, Deployment


def with_samples(site: Deployment, chosen: Sequence[int]) -> Deployment:
    """With only these of the held-out samples, in this order.

    Args:
        site: a deployment whose dataset is still that of its base.
        chosen: places in the dataset.
    """
    source, target = site.base.folder / "data", site.folder / "data"
    if (source / "data.npz").exists():
        return with_arrays(site, {name: v[list(chosen)] for name, v in stored_arrays(site).items()})
    if (source / "data.csv").exists():
        target.mkdir()
        _copy_rows(source / "data.csv", target / "data.csv", chosen)
        return moved(site)
    kind = "images" if (source / "images").exists() else "sounds"
    (target / kind).mkdir(parents=True)
    files = sorted((source / kind).iterdir())
    for number, place in enumerate(chosen):
        shutil.copy(files[place], target / kind / f"{number:04d}{files[place].suffix}")
    if (source / "labels.csv").exists():
        with (source / "labels.csv").open(newline="") as file:
            labels = [row["label"] for row in csv.DictReader(file)]
        rows = [(f"{n:04d}{files[p].suffix}", labels[p]) for n, p in enumerate(chosen)]
        with (target / "labels.csv").open("w", newline="") as out:
            csv.writer(out).writerows([("filename", "label"), *rows])
    return moved(site)


def stored_arrays(site: Deployment) -> dict[str, Array]:
    """What the data.npz of the base holds, labels too."""
    with np.load(site.base.folder / "data" / "data.npz") as found:
        return {name: found[name] for name in found.files}


def with_arrays(site: Deployment, arrays: Mapping[str, Array]) -> Deployment:
    """With another data.npz."""
    (site.folder / "data").mkdir()
    np.savez(site.folder / "data" / "data.npz", **arrays)
    return moved(site)


def moved(site: Deployment) -> Deployment:
    """With the dataset read from the data folder of the deployment, which is filled."""
    old, new = str(site.base.folder / "data"), str(site.folder / "data")
    section = site.spec["dataset"]
    paths = {
        key: value.replace(old, new) for key, value in section.items() if isinstance(value, str)
    }
    return site.changed("dataset", **paths)


def pictures_of(site: Deployment) -> list[Path]:
    """The image files of the base, in the order of the dataset."""
    return sorted((site.base.folder / "data" / "images").iterdir())


def _copy_rows(source: Path, target: Path, chosen: Sequence[int]) -> None:
    with source.open(newline="") as file:
        header, *rows = list(csv.reader(file))
    with target.open("w", newline="") as out:
        csv.writer(out).writerows([header, *(rows[place] for place in chosen)])
