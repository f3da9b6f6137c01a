"""The tasks behind the sample models: their data, preprocessing and network.

Used by `make_sample_models.py`. Preprocessing is written with numpy and Pillow alone, so that it
can be compared with edgecheck's own.
"""

import csv
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
KerasLayer = Any  # Keras has no type information that mypy can use
KerasModel = Any

FEATURES_SPEC = Path(__file__).resolve().parent.parent / "configs" / "features.yaml"
SEED = 0


@dataclass(frozen=True)
class Labelled:
    """Samples as stored (uint8 pixels or raw features) and their int64 classes."""

    samples: list[Array]
    labels: Array


@dataclass(frozen=True)
class Task:
    """How one data set becomes models."""

    prepare: Callable[[Path], Labelled]
    """Writes the held-out part into a folder and returns the training part."""
    read: Callable[[Path], Labelled]
    """Reads the held-out part back."""
    preprocess: Callable[[Array], Array]
    """One stored sample -> the float32 model input, as the spec in `configs/` says."""
    build: Callable[[], KerasModel]
    """The untrained Keras model."""
    mistake: tuple[str, Callable[[Array], Array]]
    """A wrong preprocessing and its metric: the accuracy when the caller makes this mistake."""
    epochs: int
    miscalibrations: tuple[tuple[str, Callable[[Array], Array]], ...] = ()
    """Further int8 files: stem, and the wrong preprocessing of the representative dataset."""


# ---- digits: 8x8 gray scans ------------------------------------------------------------------


def digit_pixels(values: Array) -> Array:
    """Map the data set's 0..16 to 0..255: (255 * v + 8) // 16, that is 255 v / 16 rounded."""
    return ((255 * values.astype(np.int64) + 8) // 16).astype(np.uint8)


def prepare_digits(folder: Path) -> Labelled:
    from sklearn.datasets import load_digits

    data = load_digits()
    images = digit_pixels(data.images)
    train, test = split(data.target, 0.2)
    files = {f"digit-{i:04d}.png": encode(images[i], "PNG") for i in test}
    write_images(folder, files, data.target[test], [str(n) for n in range(10)])
    return Labelled(list(images[train]), data.target[train])


def preprocess_digit(pixels: Array) -> Array:
    """Gray pixels -> (16, 16, 1) in [-1, 1]."""
    return resize(pixels[..., None], 16) / np.float32(127.5) - np.float32(1)


def raw_digit(pixels: Array) -> Array:
    """What a hurried representative dataset yields: right shape, but 0..255."""
    return resize(pixels[..., None], 16)


def build_digits() -> KerasModel:
    from keras import Sequential, layers

    return Sequential(
        [
            layers.Input((16, 16, 1)),
            *convolution(8, strides=1),
            *convolution(12, strides=2),
            *convolution(16, strides=2),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, activation="softmax"),
        ]
    )


# ---- photos: square crops of five colour photographs -----------------------------------------

PHOTOGRAPHS = ("astronaut", "cat", "coffee", "retina", "rocket")
CROP = 48
HELD_OUT_CROPS = 24
TRAINING_CROPS = 400
DARKEST_MEAN = 24
IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
IMAGENET_STD = np.array([0.229, 0.224, 0.225], np.float32)


def prepare_photos(folder: Path) -> Labelled:
    import skimage.data

    rng = np.random.default_rng(SEED)
    files: dict[str, bytes] = {}
    samples: list[Array] = []
    for name in PHOTOGRAPHS:
        photograph = getattr(skimage.data, name)()
        held_out, reserved = tiles(photograph, rng)
        files |= {
            f"{name}-y{y:04d}-x{x:04d}.jpg": encode(crop, "JPEG") for (y, x), crop in held_out
        }
        samples += [decode(encode(c, "JPEG")) for c in windows(photograph, reserved, rng)]
    classes = np.arange(len(PHOTOGRAPHS))
    write_images(folder, files, np.repeat(classes, HELD_OUT_CROPS), list(PHOTOGRAPHS))
    return Labelled(samples, np.repeat(classes, TRAINING_CROPS))


def tiles(photograph: Array, rng: np.random.Generator) -> tuple[list[Any], Array]:
    """Held-out crops ((y, x), pixels) on a grid, and the mask (h, w) of what they cover."""
    height, width = photograph.shape[:2]
    corners = [
        (y, x)
        for y in range(0, height - CROP + 1, CROP)
        for x in range(0, width - CROP + 1, CROP)
        if crop_at(photograph, y, x).mean() >= DARKEST_MEAN
    ]
    chosen = sorted(corners[i] for i in rng.permutation(len(corners))[:HELD_OUT_CROPS])
    reserved = np.zeros((height, width), bool)
    for y, x in chosen:
        reserved[y : y + CROP, x : x + CROP] = True
    return [((y, x), crop_at(photograph, y, x)) for y, x in chosen], reserved


def windows(photograph: Array, reserved: Array, rng: np.random.Generator) -> list[Array]:
    """Training crops at random places, none of which shares a pixel with a held-out crop."""
    found: list[Array] = []
    while len(found) < TRAINING_CROPS:
        y, x = (int(rng.integers(0, n - CROP + 1)) for n in reserved.shape)
        pixels = crop_at(photograph, y, x)
        if not crop_at(reserved, y, x).any() and pixels.mean() >= DARKEST_MEAN:
            found.append(pixels)
    return found


def crop_at(image: Array, y: int, x: int) -> Array:
    return image[y : y + CROP, x : x + CROP]


def preprocess_photo(pixels: Array) -> Array:
    """RGB pixels -> (24, 24, 3), scaled to [0, 1], then ImageNet mean and standard deviation."""
    unit = resize(pixels, 24) * np.float32(1 / 255)
    return (unit - IMAGENET_MEAN) / IMAGENET_STD


def swapped_photo(pixels: Array) -> Array:
    return preprocess_photo(pixels[..., ::-1])


def build_photos() -> KerasModel:
    from keras import Sequential, layers

    return Sequential(
        [
            layers.Input((24, 24, 3)),
            *convolution(8, strides=2),
            *convolution(12, strides=1),
            *convolution(16, strides=2),
            layers.GlobalAveragePooling2D(),
            layers.Dense(len(PHOTOGRAPHS), activation="softmax"),
        ]
    )


# ---- features: thirty measurements of cell nuclei --------------------------------------------


def prepare_features(folder: Path) -> Labelled:
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    train, test = split(data.target, 0.3)
    values = data.data.astype(np.float32)
    require_normalization(values[train])
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "data.npz", x=values[test], y=data.target[test].astype(np.int64))
    (folder / "labels.txt").write_text("\n".join(data.target_names) + "\n", newline="\n")
    return Labelled(list(values[train]), data.target[train])


def read_features(folder: Path) -> Labelled:
    with np.load(folder / "data.npz") as data:
        return Labelled(list(data["x"]), data["y"])


def normalization() -> tuple[Array, Array]:
    """Mean and standard deviation a feature, as the spec states them."""
    import yaml

    steps = yaml.safe_load(FEATURES_SPEC.read_text())["inputs"]["features"]["steps"]
    stated = steps[0]["normalize"]
    return np.array(stated["mean"], np.float32), np.array(stated["std"], np.float32)


def require_normalization(values: Array) -> None:
    """Refuse to train when the spec does not state the statistics of the training part."""
    measured = np.stack([values.mean(0, np.float64), values.std(0, dtype=np.float64)])
    stated = np.stack(normalization())
    if stated.shape != measured.shape or not np.allclose(stated, measured, rtol=1e-3):
        mean, std = ([float(f"{v:.5g}") for v in row] for row in measured)
        sys.exit(f"{FEATURES_SPEC.name} must state\nmean: {mean}\nstd: {std}")


def preprocess_features(values: Array) -> Array:
    mean, std = normalization()
    return (values - mean) / std


def build_features() -> KerasModel:
    from keras import Sequential, layers

    return Sequential(
        [
            layers.Input((30,)),
            layers.Dense(16, activation="relu"),
            layers.Dense(8, activation="relu"),
            layers.Dense(2, activation="softmax"),
        ]
    )


# ---- files -----------------------------------------------------------------------------------


def split(labels: Array, held_out: float) -> tuple[Array, Array]:
    """Indices of a stratified training and test part, each sorted."""
    from sklearn.model_selection import train_test_split

    indices = np.arange(len(labels))
    train, test = train_test_split(indices, test_size=held_out, stratify=labels, random_state=SEED)
    return np.sort(train), np.sort(test)


def encode(pixels: Array, file_format: str) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, file_format, quality=92, subsampling=0, optimize=True)
    return buffer.getvalue()


def decode(encoded: bytes) -> Array:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(encoded)))


def write_images(folder: Path, files: dict[str, bytes], labels: Array, classes: list[str]) -> None:
    """`images/`, `labels.csv` (filename,label) and `labels.txt` (one class name a line)."""
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    for old in images.iterdir():
        old.unlink()
    for name, encoded in files.items():
        (images / name).write_bytes(encoded)
    rows = [f"{name},{label}\n" for name, label in zip(files, labels, strict=True)]
    (folder / "labels.csv").write_text("".join(["filename,label\n", *rows]), newline="\n")
    (folder / "labels.txt").write_text("\n".join(classes) + "\n", newline="\n")


def read_images(folder: Path) -> Labelled:
    with (folder / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    samples = [decode((folder / "images" / row["filename"]).read_bytes()) for row in rows]
    return Labelled(samples, np.array([int(row["label"]) for row in rows]))


def resize(pixels: Array, size: int) -> Array:
    """(h, w, c) -> float32 (size, size, c), as `tf.image.resize(..., antialias=True)`.

    Pillow's float mode uses the same triangle filter and half-pixel centres, unrounded.
    """
    from PIL import Image

    planes = [
        Image.fromarray(np.ascontiguousarray(plane, np.float32)).resize(
            (size, size), Image.Resampling.BILINEAR
        )
        for plane in np.moveaxis(pixels, -1, 0)
    ]
    return np.stack([np.asarray(plane, np.float32) for plane in planes], axis=-1)


# ---- networks --------------------------------------------------------------------------------


def convolution(filters: int, strides: int) -> list[KerasLayer]:
    from keras import layers

    return [
        layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
    ]


TASKS = {
    "digits": Task(
        prepare_digits,
        read_images,
        preprocess_digit,
        build_digits,
        ("accuracy_if_raw_pixels", raw_digit),
        epochs=40,
        miscalibrations=(("int8_collapsed", raw_digit),),
    ),
    "photos": Task(
        prepare_photos,
        read_images,
        preprocess_photo,
        build_photos,
        ("accuracy_if_bgr", swapped_photo),
        epochs=20,
    ),
    "features": Task(
        prepare_features,
        read_features,
        preprocess_features,
        build_features,
        ("accuracy_if_not_normalized", lambda values: values),
        epochs=40,
    ),
}
