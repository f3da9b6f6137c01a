"""Models of numbers: a table, two inputs, a regression, an autoencoder, tags, a sequence."""

import csv
from pathlib import Path

import numpy as np

from faults.bases.files import write_arrays, write_table
from faults.bases.recipe import Recipe
from faults.case import Array, Untyped

COLUMNS = ("pressure", "temperature", "humidity", "current", "flow", "vibration")
STATES = ("idle", "running", "blocked", "leaking")
_MEANS = np.array([101_000.0, 45.0, 0.5, 3.0, 1200.0, 0.02])
_SPREADS = np.array([1500.0, 12.0, 0.15, 0.8, 300.0, 0.006])


def _write_table(folder: Path, rng: np.random.Generator, count: int) -> Array:
    """Four states that differ by pairs of sensors; the units differ by a factor of a million."""
    classes = rng.permutation(np.arange(count) % len(STATES))
    raw = rng.normal(0, 0.6, (count, len(COLUMNS)))
    centres = np.array(
        [[1, -1, 0, 1, 0, -1], [-1, 1, 1, 0, 1, -1], [1, 1, -1, -1, 0, 1], [-1, -1, 0, 0, -1, 1]]
    )
    write_table(
        folder, COLUMNS, _MEANS + _SPREADS * (raw + centres[classes]), [STATES[k] for k in classes]
    )
    return classes


def _table_spec(train: Path) -> dict[str, Untyped]:
    with (train / "data.csv").open(newline="") as file:
        rows = [[float(row[name]) for name in COLUMNS] for row in csv.DictReader(file)]
    values = np.array(rows)
    constants = {
        "mean": [float(f"{v:.6g}") for v in values.mean(0)],
        "std": [float(f"{v:.6g}") for v in values.std(0)],
    }
    return {
        "version": 1,
        "model": {"task": "classification", "labels": list(STATES)},
        "inputs": {
            "readings": {"kind": "table", "shape": [6], "steps": [{"normalize": constants}]}
        },
        "dataset": {"path": "data.csv", "features": list(COLUMNS), "labels": "state"},
    }


def table_network() -> tuple[Untyped, str]:
    """A small multilayer perceptron."""
    import keras

    readings = keras.Input((6,), name="readings")
    x = keras.layers.Dense(24, activation="relu")(readings)
    x = keras.layers.Dense(16, activation="relu")(x)
    scores = keras.layers.Dense(4, activation="softmax", name="scores")(x)
    return keras.Model(readings, {"scores": scores}), "sparse_categorical_crossentropy"


def _write_pairs(folder: Path, rng: np.random.Generator, count: int) -> Array:
    """A bump in a quarter of `left`, a dent in one of `right`: both decide, and not alike."""
    bump, dent = rng.permutation(np.arange(count) % 4), rng.integers(0, 4, count)
    classes = (bump + 2 * dent) % 4
    left, right = (rng.normal(0, 0.12, (count, 16)) for _ in range(2))
    for number in range(count):
        left[number, 4 * bump[number] : 4 * bump[number] + 4] += 0.6
        right[number, 4 * dent[number] : 4 * dent[number] + 4] -= 0.6
    bounded = [np.clip(v, -1, 1).astype(np.float32) for v in (left, right)]
    write_arrays(folder, left=bounded[0], right=bounded[1], y=classes)
    return np.asarray(classes)


def _pairs_spec(_train: Path) -> dict[str, Untyped]:
    array = {"kind": "array", "shape": [16], "range": [-1, 1]}
    return {
        "version": 1,
        "model": {"task": "classification"},
        "inputs": {"left": dict(array), "right": dict(array)},
        "dataset": {"path": "data.npz", "labels": "y"},
    }


def pairs_network() -> tuple[Untyped, str]:
    """Two branches that meet."""
    import keras

    left, right = (keras.Input((16,), name=name) for name in ("left", "right"))
    branches = [keras.layers.Dense(16, activation="relu")(each) for each in (left, right)]
    x = keras.layers.Concatenate()(branches)
    x = keras.layers.Dense(32, activation="relu")(x)
    scores = keras.layers.Dense(4, activation="softmax", name="scores")(x)
    return keras.Model([left, right], {"scores": scores}), "sparse_categorical_crossentropy"


def _write_curves(folder: Path, rng: np.random.Generator, count: int) -> Array:
    """Amplitude and phase of a noisy wave of 24 values."""
    strength, phase = rng.uniform(0.2, 0.9, count), rng.uniform(-1, 1, count)
    time = np.linspace(0, 2 * np.pi, 24)
    x = strength[:, None] * np.sin(time + phase[:, None]) + rng.normal(0, 0.03, (count, 24))
    y = np.stack([strength, phase], axis=1).astype(np.float32)
    write_arrays(folder, x=np.clip(x, -1, 1).astype(np.float32), y=y)
    return np.asarray(y)


def _curves_spec(_train: Path) -> dict[str, Untyped]:
    return {
        "version": 1,
        "model": {"task": "regression"},
        "inputs": {"curve": {"kind": "array", "shape": [24], "range": [-1, 1]}},
        "dataset": {"path": "data.npz", "arrays": {"curve": "x"}, "labels": "y"},
    }


def curves_network() -> tuple[Untyped, str]:
    """Tanh and sigmoid layers, two linear outputs."""
    import keras

    curve = keras.Input((24,), name="curve")
    x = keras.layers.Dense(24, activation="tanh")(curve)
    x = keras.layers.Dense(16, activation="sigmoid")(x)
    values = keras.layers.Dense(2, name="values")(x)
    return keras.Model(curve, {"values": values}), "mse"


def _write_motions(folder: Path, rng: np.random.Generator, count: int) -> Array:
    """Sequences of 12 steps with 4 sensors: rise, fall, shake, rest."""
    classes = rng.permutation(np.arange(count) % 4)
    time = np.linspace(-1, 1, 12)
    shapes = np.stack([time, -time, np.sin(9 * time), np.zeros(12)])
    axes = rng.normal(0, 0.1, (count, 4)) + np.array([0.7, -0.5, 0.6, 0.4])
    x = shapes[classes][:, :, None] * axes[:, None, :] + rng.normal(0, 0.1, (count, 12, 4))
    write_arrays(folder, x=np.clip(x, -1, 1).astype(np.float32), y=classes)
    return classes


def _motions_spec(_train: Path) -> dict[str, Untyped]:
    return {
        "version": 1,
        "model": {"task": "classification"},
        "inputs": {"motion": {"kind": "array", "shape": [12, 4], "range": [-1, 1]}},
        "dataset": {"path": "data.npz", "arrays": {"motion": "x"}, "labels": "y"},
    }


def motions_network() -> tuple[Untyped, str]:
    """An LSTM over the steps, unrolled."""
    import keras

    motion = keras.Input((12, 4), name="motion")
    x = keras.layers.LSTM(12, unroll=True)(motion)
    scores = keras.layers.Dense(4, activation="softmax", name="scores")(x)
    return keras.Model(motion, {"scores": scores}), "sparse_categorical_crossentropy"


def _write_spectra(folder: Path, rng: np.random.Generator, count: int) -> Array:
    """Sums of four fixed waves in 32 values: what goes in must come out."""
    time = np.linspace(0, 2 * np.pi, 32)
    waves = np.stack([np.sin((k + 1) * time + k) for k in range(4)])
    x = rng.uniform(0, 1, (count, 4)) @ waves / 4 + rng.normal(0, 0.02, (count, 32))
    x = np.clip(x, -1, 1).astype(np.float32)
    write_arrays(folder, x=x)
    return np.asarray(x)


def _spectra_spec(_train: Path) -> dict[str, Untyped]:
    return {
        "version": 1,
        "model": {"task": "autoencoder"},
        "inputs": {"spectrum": {"kind": "array", "shape": [32], "range": [-1, 1]}},
        "dataset": {"path": "data.npz", "arrays": {"spectrum": "x"}},
    }


def spectra_network() -> tuple[Untyped, str]:
    """An autoencoder with a narrow middle."""
    import keras

    spectrum = keras.Input((32,), name="spectrum")
    x = keras.layers.Dense(20, activation="relu")(spectrum)
    x = keras.layers.Dense(6, activation="relu")(x)
    x = keras.layers.Dense(20, activation="relu")(x)
    again = keras.layers.Dense(32, name="again")(x)
    return keras.Model(spectrum, {"again": again}), "mse"


def _write_tags(folder: Path, rng: np.random.Generator, count: int) -> Array:
    """Which of five waves are in a mixture: each alone may be there or not."""
    present = rng.integers(0, 2, (count, 5))
    time = np.linspace(0, 2 * np.pi, 32)
    waves = np.stack([np.sin((k + 1) * time + k) for k in range(5)])
    x = (present * rng.uniform(0.5, 1, (count, 5))) @ waves / 4 + rng.normal(0, 0.03, (count, 32))
    write_arrays(folder, x=np.clip(x, -1, 1).astype(np.float32))
    return present.astype(np.float32)


def _tags_spec(_train: Path) -> dict[str, Untyped]:
    return {
        "version": 1,
        "model": {"task": "other"},
        "inputs": {"signal": {"kind": "array", "shape": [32], "range": [-1, 1]}},
        "dataset": {"path": "data.npz", "arrays": {"signal": "x"}},
        "outputs": {"tags": {"activation": "sigmoid"}},
    }


def tags_network() -> tuple[Untyped, str]:
    """Five sigmoids."""
    import keras

    signal = keras.Input((32,), name="signal")
    x = keras.layers.Dense(24, activation="relu")(signal)
    tags = keras.layers.Dense(5, activation="sigmoid", name="tags")(x)
    return keras.Model(signal, {"tags": tags}), "binary_crossentropy"


_HERE = "faults.bases.numbers"
RECIPES = (
    Recipe(
        "table",
        frozenset({"table", "classes"}),
        _write_table,
        _table_spec,
        f"{_HERE}:table_network",
        20,
    ),
    Recipe(
        "pairs",
        frozenset({"array", "two-inputs", "signed-range", "classes"}),
        _write_pairs,
        _pairs_spec,
        f"{_HERE}:pairs_network",
        15,
    ),
    Recipe(
        "curves",
        frozenset({"array", "signed-range", "real-values"}),
        _write_curves,
        _curves_spec,
        f"{_HERE}:curves_network",
        60,
    ),
    Recipe(
        "motions",
        frozenset({"array", "signed-range", "recurrent", "classes"}),
        _write_motions,
        _motions_spec,
        f"{_HERE}:motions_network",
        12,
    ),
    Recipe(
        "spectra",
        frozenset({"array", "signed-range", "vectors"}),
        _write_spectra,
        _spectra_spec,
        f"{_HERE}:spectra_network",
        60,
        is_unseen=True,
    ),
    Recipe(
        "tags",
        frozenset({"array", "signed-range", "tags"}),
        _write_tags,
        _tags_spec,
        f"{_HERE}:tags_network",
        25,
        is_unseen=True,
    ),
)
