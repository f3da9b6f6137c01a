"""Coloured arrowheads on clutter: nine classes, in three ways to normalise."""

from pathlib import Path

import numpy as np

from faults.bases.drawing import SIGNS, sign
from faults.bases.files import write_pictures
from faults.bases.recipe import Recipe
from faults.case import Array, Trait, Untyped

SIDE = 24
_IMAGE: frozenset[Trait] = frozenset(
    {"picture", "colour", "oriented", "resized", "convolutions", "batch-norm", "classes"}
)
_BYTE = 1 / 255


def _write(folder: Path, rng: np.random.Generator, count: int, width: int) -> Array:
    classes = rng.permutation(np.arange(count) % len(SIGNS))
    pictures = np.stack([sign(rng, int(number), 3 * SIDE, width) for number in classes])
    write_pictures(folder, pictures, [SIGNS[number] for number in classes])
    return classes


def _write_square(folder: Path, rng: np.random.Generator, count: int) -> Array:
    return _write(folder, rng, count, 3 * SIDE)


def _write_landscape(folder: Path, rng: np.random.Generator, count: int) -> Array:
    return _write(folder, rng, count, 4 * SIDE)


def _spec(fit: str, bounds: list[float], *steps: dict[str, Untyped]) -> dict[str, Untyped]:
    resize = {"size": [SIDE, SIDE], "method": "bilinear", "antialias": True, "fit": fit}
    return {
        "version": 1,
        "model": {"task": "classification", "labels": list(SIGNS)},
        "inputs": {
            "image": {
                "kind": "image",
                "shape": [SIDE, SIDE, 3],
                "layout": "NHWC",
                "range": bounds,
                "steps": [{"decode": {"color": "RGB"}}, {"resize": resize}, *steps],
            }
        },
        "dataset": {"path": "images/*.png", "labels": "labels.csv"},
    }


def _signed(_train: Path) -> dict[str, Untyped]:
    return _spec("stretch", [-1, 1], {"rescale": {"scale": 2 * _BYTE, "offset": -1}})


def _raw(_train: Path) -> dict[str, Untyped]:
    return _spec("center-crop", [0, 255])


def _imagenet(_train: Path) -> dict[str, Untyped]:
    constants = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
    scaled = {"rescale": {"scale": _BYTE}}
    return _spec("letterbox", [-2.118, 2.641], scaled, {"normalize": constants})


def plain_network() -> tuple[Untyped, str]:
    """Strided convolutions with batch normalization."""
    import keras

    image = keras.Input((SIDE, SIDE, 3), name="image")
    return keras.Model(image, {"scores": _trunk(image)}), "sparse_categorical_crossentropy"


def rescaling_network() -> tuple[Untyped, str]:
    """The same behind a Rescaling layer."""
    import keras

    image = keras.Input((SIDE, SIDE, 3), name="image")
    scaled = keras.layers.Rescaling(1 / 127.5, -1)(image)
    return keras.Model(image, {"scores": _trunk(scaled)}), "sparse_categorical_crossentropy"


def depthwise_network() -> tuple[Untyped, str]:
    """Depthwise and pointwise convolutions, as in MobileNet."""
    import keras

    image = keras.Input((SIDE, SIDE, 3), name="image")
    x = _normalized(keras.layers.Conv2D(12, 3, strides=2, padding="same", use_bias=False)(image))
    for filters, strides in ((24, 2), (32, 1), (48, 2)):
        depthwise = keras.layers.DepthwiseConv2D(3, strides, padding="same", use_bias=False)
        x = _normalized(depthwise(x))
        x = _normalized(keras.layers.Conv2D(filters, 1, use_bias=False)(x))
    x = keras.layers.GlobalAveragePooling2D()(x)
    scores = keras.layers.Dense(len(SIGNS), activation="softmax", name="scores")(x)
    return keras.Model(image, {"scores": scores}), "sparse_categorical_crossentropy"


def _trunk(x: Untyped) -> Untyped:
    import keras

    for filters in (12, 20, 28):
        x = _normalized(keras.layers.Conv2D(filters, 3, 2, padding="same", use_bias=False)(x))
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.layers.Dense(len(SIGNS), activation="softmax", name="scores")(x)


def _normalized(x: Untyped) -> Untyped:
    import keras

    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))


_HERE = "faults.bases.signs"
RECIPES = (
    Recipe(
        "signs", _IMAGE | {"signed-range"}, _write_square, _signed, f"{_HERE}:plain_network", 14
    ),
    Recipe(
        "rescaled",
        _IMAGE | {"raw-range", "landscape"},
        _write_landscape,
        _raw,
        f"{_HERE}:rescaling_network",
        14,
    ),
    Recipe(
        "depthwise",
        _IMAGE | {"imagenet-range", "landscape"},
        _write_landscape,
        _imagenet,
        f"{_HERE}:depthwise_network",
        14,
        is_unseen=True,
    ),
)
