"""Samples as files: what a dataset on a disk looks like."""

import csv
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from faults.case import Array


def write_pictures(folder: Path, pictures: Array, names: Sequence[str]) -> None:
    """`images/*.png` of uint8 (n, height, width[, 3]), and labels.csv with their classes."""
    from PIL import Image

    (folder / "images").mkdir(parents=True)
    files = [f"{number:04d}.png" for number in range(len(pictures))]
    for file, picture in zip(files, pictures, strict=True):
        Image.fromarray(picture).save(folder / "images" / file)
    write_labels(folder, files, names)


def write_sounds(folder: Path, sounds: Array, rate: int, names: Sequence[str]) -> None:
    """`sounds/*.wav`, 16 bits, of float (n, samples) in -1..1, and labels.csv."""
    (folder / "sounds").mkdir(parents=True)
    files = [f"{number:04d}.wav" for number in range(len(sounds))]
    for file, sound in zip(files, sounds, strict=True):
        with wave.open(str(folder / "sounds" / file), "wb") as out:
            out.setparams((1, 2, rate, 0, "NONE", ""))
            out.writeframes(np.clip(np.rint(sound * 32767), -32768, 32767).astype("<i2").tobytes())
    write_labels(folder, files, names)


def write_labels(folder: Path, files: Sequence[str], names: Sequence[str]) -> None:
    """labels.csv: filename,label."""
    if not len(names):
        return
    with (folder / "labels.csv").open("w", newline="") as out:
        csv.writer(out).writerows([("filename", "label"), *zip(files, names, strict=True)])


def write_arrays(folder: Path, **arrays: Array) -> None:
    """data.npz."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "data.npz", **arrays)


def write_table(folder: Path, columns: Sequence[str], values: Array, states: Sequence[str]) -> None:
    """data.csv: a column for each feature, and `state`."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [[*(f"{v:.6g}" for v in row), s] for row, s in zip(values, states, strict=True)]
    with (folder / "data.csv").open("w", newline="") as out:
        csv.writer(out).writerows([[*columns, "state"], *rows])
