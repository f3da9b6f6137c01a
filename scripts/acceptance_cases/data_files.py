"""Cases of the rules about stored image files and about tables."""

import io
import struct
import zlib

import numpy as np
from acceptance_cases.case import Case, negative, positive
from acceptance_cases.ingredients import npz, spec
from models import float_dense, identity, int8_dense

from edgecheck.tensors import Array

NOTED = {"exit_code": 0, "severity": "warning", "role": "cause"}


def cases() -> list[Case]:
    """All of them."""
    return [*_orientation(), *_aspect(), *_depth(), *_features()]


def _orientation() -> list[Case]:
    rule = "orientation-mismatch"
    files = {**_models(3), **_images(turned=3)}
    return [
        positive(
            rule,
            "Three of eight photos were taken upright, and training is said to ignore that.",
            _spec({"exif": "ignore"}),
            files,
            **NOTED,
            evidence={"turned": 3, "files": 8},
        ),
        negative(
            rule, "The same photos, turned as their tag says.", _spec({"exif": "apply"}), files
        ),
    ]


def _aspect() -> list[Case]:
    rule = "aspect-policy-mismatch"
    files = {**_models(3), **_images(size=(4, 8))}
    stretched, cropped = {"size": [4, 4]}, {"size": [4, 4], "fit": "center-crop"}
    return [
        positive(
            rule,
            "Wide pictures are pressed into a square; training cut out the middle.",
            _spec({}, {"resize": stretched}),
            files,
            **NOTED,
            evidence={"off_aspect": 8, "files": 8},
        ),
        negative(rule, "The same pictures, cropped.", _spec({}, {"resize": cropped}), files),
    ]


def _depth() -> list[Case]:
    rule = "decoder-difference"
    files = {**_models(1), **_images(depth=16)}
    return [
        positive(
            rule,
            "A depth camera wrote 16 bits, and the model gets 8 of them.",
            _spec({"color": "L"}),
            files,
            exit_code=0,
            severity="info",
            role="note",
            evidence={"wide": 8, "files": 8},
        ),
        negative(rule, "All 16 bits are fed.", _spec({"color": "L", "depth": 16}), files),
    ]


def _features() -> list[Case]:
    rule = "features-unscaled"
    values, mean, std = _measurements()
    weights = np.array([[2, -1], [-1, 2], [1, 1]], np.float32)
    bias = np.zeros(3, np.float32)
    models = {
        "model.tflite": int8_dense(weights, bias, (-3, 3), (-8, 8), softmax=True),
        "float.tflite": float_dense(weights, bias, softmax=True),
        **npz(row=values),
    }
    step = {"normalize": {"mean": mean, "std": std}}
    row = {"shape": [2]}
    return [
        positive(
            rule,
            "The scaler of the training script was not exported: the model gets Pascal and degrees.",
            spec(row=row),
            models,
            role="cause",
            evidence={"worst": ["column 0", "column 1"]},
        ),
        negative(rule, "The same table, scaled.", spec(row={**row, "steps": [step]}), models),
    ]


def _measurements() -> tuple[Array, list[float], list[float]]:
    """Pressure and temperature: float32 (60, 2), and their means and deviations."""
    drawn = np.random.default_rng(5).uniform(-1.7, 1.7, (60, 2))
    mean, std = [101_300.0, 21.0], [800.0, 6.0]
    return (drawn * std + mean).astype(np.float32), mean, std


def _spec(decode: dict[str, object], *steps: object) -> dict[str, object]:
    """Images in files, against float.tflite."""
    return {
        "version": 1,
        "model": {"task": "other", "reference": "float.tflite"},
        "inputs": {"image": {"kind": "image", "steps": [{"decode": decode}, *steps]}},
        "dataset": {"path": "images/*.png"},
    }


def _models(channels: int) -> dict[str, bytes]:
    model = identity((1, 4, 4, channels))
    return {"model.tflite": model, "float.tflite": model}


def _images(*, size: tuple[int, int] = (4, 4), turned: int = 0, depth: int = 8) -> dict[str, bytes]:
    """Eight pictures; the first `turned` lie on their side by their EXIF tag; 16 bits are gray."""
    random = np.random.default_rng(3)
    shape = (*size, 3) if depth == 8 else size
    dtype = np.uint8 if depth == 8 else np.uint16
    pixels = random.integers(0, 2**depth, (8, *shape), dtype)
    return {
        f"images/{number}.png": _png(each, orientation=6 if number < turned else 1)
        for number, each in enumerate(pixels)
    }


def _png(pixels: Array, orientation: int) -> bytes:
    """A PNG without compression: nothing in it depends on the version of a compressor."""
    height, width = pixels.shape[:2]
    colour = 2 if pixels.ndim == 3 else 0
    header = struct.pack(">IIBBBBB", width, height, 8 * pixels.itemsize, colour, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(f">u{pixels.itemsize}").tobytes() for row in pixels)
    stored = b"\x78\x01\x01" + struct.pack("<HH", len(rows), len(rows) ^ 0xFFFF) + rows
    body = stored + struct.pack(">I", zlib.adler32(rows))
    tag = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    target = io.BytesIO()
    target.write(b"\x89PNG\r\n\x1a\n")
    for name, content in ((b"IHDR", header), (b"eXIf", tag), (b"IDAT", body), (b"IEND", b"")):
        target.write(struct.pack(">I", len(content)) + name + content)
        target.write(struct.pack(">I", zlib.crc32(name + content)))
    return target.getvalue()
