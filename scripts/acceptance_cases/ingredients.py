"""Specs, samples and models that many cases share."""

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from models import OpDef, TensorDef, build_model, float_dense, identity, int8_dense

from edgecheck.tensors import Array

WEIGHTS = np.array([[2, -1, 0.5, 0], [-1, 2, 0, 0.5], [0, -0.5, -1, 2]], np.float32)
"""A classifier of rows of four features into three classes."""
BIAS = np.zeros(3, np.float32)


TO_UNIT = {"rescale": {"scale": 0.00392156862745098}}
"""A step: 0..255 -> 0..1."""


def rows(count: int = 40, size: int = 4, *, seed: int = 0) -> Array:
    """float32 (count, size) in [-1, 1), evenly distributed."""
    return np.random.default_rng(seed).uniform(-1, 1, (count, size)).astype(np.float32)


def classes_of(values: Array) -> Array:
    """The classes that `classifier` gives to rows: int64 (n,)."""
    return (values @ WEIGHTS.T + BIAS).argmax(axis=1).astype(np.int64)


def classifier(bias: Array = BIAS) -> bytes:
    """The float classifier of rows."""
    return float_dense(WEIGHTS, bias, softmax=True)


def int8_classifier(
    bias: Array = BIAS, *, weights: Array = WEIGHTS, low: float = -1, high: float = 1
) -> bytes:
    """The classifier in full-integer, calibrated on inputs from `low` to `high`."""
    return int8_dense(weights, bias, (low, high), (-4, 4), softmax=True)


def spec(
    task: str = "classification",
    *,
    model: Mapping[str, Any] | None = None,
    row: Mapping[str, Any] | None = None,
    dataset: Mapping[str, Any] | None = None,
    **sections: object,
) -> dict[str, Any]:
    """A spec of rows of four features in samples.npz, against float.tflite.

    Args:
        task: `model.task`.
        model: added to the section of the model.
        row: added to the input `row`.
        dataset: added to the section of the dataset.
        sections: other sections; `inputs` takes the place of the one row.
    """
    return {
        "version": 1,
        "model": {"task": task, "reference": "float.tflite", **(model or {})},
        "inputs": {"row": {"kind": "array", "shape": [4], **(row or {})}},
        "dataset": {"path": "samples.npz", **(dataset or {})},
        **sections,
    }


LABELLED = {"labels": "label"}
"""Dataset section: the true classes are in the array `label`."""


def picture_spec(shape: Sequence[int], steps: Sequence[Any], **image: object) -> dict[str, Any]:
    """A spec of the pixels that `pictures` makes, against float.tflite."""
    return {
        "version": 1,
        "model": {"task": "other", "reference": "float.tflite"},
        "inputs": {"image": {"kind": "array", "shape": list(shape), **image, "steps": list(steps)}},
        "dataset": {"path": "samples.npz"},
    }


def image_spec(shape: Sequence[int], steps: Sequence[Any], **image: object) -> dict[str, Any]:
    """The same for the files of `echo_image_files`, which need to be decoded first."""
    described = picture_spec(shape, ["decode", *steps], **{**image, "kind": "image"})
    return {**described, "dataset": {"path": "images/*.bmp"}}


def pictures() -> Array:
    """20 colour pictures of 4x4 pixels: uint8 (20, 4, 4, 3)."""
    pixels = np.random.default_rng(7).integers(0, 256, (20, 4, 4, 3), np.uint8)
    pixels[:, 0, 0], pixels[:, 0, 1] = 0, 255  # black and white are in every picture
    return pixels


def _image_files() -> dict[str, bytes]:
    """The pictures, each as a BMP: nothing in it depends on the version of a compressor."""
    return {f"images/{number:02}.bmp": _bmp(pixels) for number, pixels in enumerate(pictures())}


def picture_files(shape: tuple[int, ...]) -> dict[str, bytes]:
    """The pictures in an array, for a model that gives back what it gets."""
    return {
        "model.tflite": identity(shape),
        "float.tflite": identity(shape),
        **npz(image=pictures()),
    }


def echo_image_files(shape: tuple[int, ...]) -> dict[str, bytes]:
    """The pictures in files, for a model that gives back what it gets."""
    return {
        "model.tflite": identity(shape),
        "float.tflite": identity(shape),
        **_image_files(),
    }


def _bmp(pixels: Array) -> bytes:
    """An uncompressed 24-bit BMP; uint8 (height, width, 3), the width a multiple of 4."""
    height, width = pixels.shape[:2]
    body = pixels[::-1, :, ::-1].tobytes()  # from the bottom up, blue first
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(body), 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(body), 0, 0, 54) + header + body


def npz(**arrays: Array) -> dict[str, bytes]:
    """samples.npz with these arrays, the same bytes always."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, values in arrays.items():
            member = io.BytesIO()
            np.save(member, values)
            # Without a time of its own an entry dates from 1980.
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    return {"samples.npz": target.getvalue()}


def row_files(model: bytes, *, reference: bytes | None = None, count: int = 40) -> dict[str, bytes]:
    """Candidate, reference (the float classifier), and labelled rows."""
    values = rows(count)
    return {
        "model.tflite": model,
        "float.tflite": reference or classifier(),
        **npz(row=values, label=classes_of(values)),
    }


def scorer(*, activation: int = 0, name: str = "FULLY_CONNECTED", version: int = 1) -> bytes:
    """A float regression of rows to one score; activation 1 is ReLU."""
    tensors = [
        TensorDef("input", (1, 4)),
        TensorDef("weights", (1, 4), data=WEIGHTS[:1]),
        TensorDef("bias", (1,), data=np.zeros(1)),
        TensorDef("output", (1, 1)),
    ]
    options = {"FusedActivationFunction": activation}
    operator = OpDef(name, [0, 1, 2], [3], version=version, options=options)
    return build_model(tensors, [operator], [0], [3])


def int8_scorer(low: float, high: float, *, bias: float = 0.0, gain: float = 1.0) -> bytes:
    """The same regression in full-integer, its output calibrated from `low` to `high`."""
    offset = np.array([bias], np.float32)
    return int8_dense(gain * WEIGHTS[:1], offset, (-1, 1), (low, high))
