"""Gray pictures: segment digits, and a detection-like head that finds a disc."""

from pathlib import Path

import numpy as np

from faults.bases.drawing import digit
from faults.bases.files import write_pictures
from faults.bases.recipe import Recipe
from faults.case import Array, Untyped

_SIDE = 20
_CELLS = 3


def _write_digits(folder: Path, rng: np.random.Generator, count: int) -> Array:
    classes = rng.permutation(np.arange(count) % 10)
    pictures = np.stack([digit(rng, int(number), _SIDE) for number in classes])
    write_pictures(folder, pictures, [str(number) for number in classes])
    return classes


def _spec(task: str) -> dict[str, Untyped]:
    steps = [{"decode": {"color": "L"}}, {"rescale": {"scale": 1 / 255}}]
    image = {"kind": "image", "shape": [_SIDE, _SIDE, 1], "layout": "NHWC", "range": [0, 1]}
    return {
        "version": 1,
        "model": {"task": task},
        "inputs": {"image": {**image, "steps": steps}},
        "dataset": {"path": "images/*.png"},
    }


def _digits_spec(_train: Path) -> dict[str, Untyped]:
    spec = _spec("classification")
    spec["model"]["labels"] = [str(number) for number in range(10)]
    spec["dataset"]["labels"] = "labels.csv"
    return spec


def digits_network() -> tuple[Untyped, str]:
    """Two convolutions and a dense layer, without batch normalization."""
    import keras

    image = keras.Input((_SIDE, _SIDE, 1), name="image")
    x = keras.layers.Conv2D(8, 3, activation="relu", padding="same")(image)
    x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Conv2D(16, 3, activation="relu", padding="same")(x)
    x = keras.layers.Flatten()(keras.layers.MaxPooling2D(2)(x))
    scores = keras.layers.Dense(10, activation="softmax", name="scores")(x)
    return keras.Model(image, {"scores": scores}), "sparse_categorical_crossentropy"


def _write_discs(folder: Path, rng: np.random.Generator, count: int) -> Array:
    """A bright disc or ring a picture; the truth is (cells, box 4 + scores 2), all in 0..1."""
    drawn = [_disc(rng) for _ in range(count)]
    write_pictures(folder, np.stack([picture for picture, _ in drawn]), [])
    return np.stack([truth for _, truth in drawn])


def _disc(rng: np.random.Generator) -> tuple[Array, Array]:
    radius, is_ring = rng.uniform(3, 5.5), bool(rng.integers(2))
    row, column = rng.uniform(radius, _SIDE - radius, 2)
    rows, columns = np.mgrid[:_SIDE, :_SIDE]
    distance = np.hypot(rows + 0.5 - row, columns + 0.5 - column)
    is_lit = (distance < radius) & ~(is_ring & (distance < radius - 2))
    picture = 50 + is_lit * rng.uniform(110, 180) + rng.normal(0, 8, is_lit.shape)
    truth = np.zeros((_CELLS * _CELLS, 6), np.float32)
    truth[:, :4] = np.array([column, row, 2 * radius, 2 * radius]) / _SIDE
    cell = int(row * _CELLS / _SIDE) * _CELLS + int(column * _CELLS / _SIDE)
    truth[cell, 4 + is_ring] = 1
    return np.clip(picture, 0, 255).astype(np.uint8), truth


def _discs_spec(_train: Path) -> dict[str, Untyped]:
    groups = {"groups": {"boxes": [0, 4], "scores": [4, 6]}, "axis": -1}
    return {**_spec("detection"), "outputs": {"head": groups}}


def discs_network() -> tuple[Untyped, str]:
    """Boxes and scores of nine cells from one trunk, side by side in one output."""
    import keras

    image = keras.Input((_SIDE, _SIDE, 1), name="image")
    x = keras.layers.Conv2D(12, 3, 2, activation="relu", padding="same")(image)
    x = keras.layers.Conv2D(16, 3, 2, activation="relu", padding="same")(x)
    x = keras.layers.Dense(48, activation="relu")(keras.layers.Flatten()(x))
    cells = _CELLS * _CELLS
    parts = [
        keras.layers.Reshape((cells, size), name=name)(
            keras.layers.Dense(cells * size, activation="sigmoid")(x)
        )
        for name, size in (("boxes", 4), ("scores", 2))
    ]
    head = keras.layers.Concatenate(name="head")(parts)
    return keras.Model(image, {"head": head}), "mse"


_HERE = "faults.bases.gray"
RECIPES = (
    Recipe(
        "digits",
        frozenset({"picture", "gray", "oriented", "unit-range", "convolutions", "classes"}),
        _write_digits,
        _digits_spec,
        f"{_HERE}:digits_network",
        12,
    ),
    Recipe(
        "discs",
        frozenset({"picture", "gray", "unit-range", "convolutions", "boxes"}),
        _write_discs,
        _discs_spec,
        f"{_HERE}:discs_network",
        30,
        samples=2400,
        groups={"boxes": (0, 4), "scores": (4, 6)},
    ),
)
