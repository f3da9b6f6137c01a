"""Inputs of models, and real pictures for them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgecheck.mistakes.mistake import Receiver
from edgecheck.mistakes.receiver import receiver_of
from edgecheck.quantization import QuantParams, quantize
from edgecheck.spec.model import InputSpec
from edgecheck.tensors import Array
from edgecheck.tflite.graph import Tensor

SIGNED = {"rescale": {"scale": 1 / 127.5, "offset": -1.0}}
UNIT = {"rescale": {"scale": 1 / 255}}
IMAGENET = {"preset": "keras/densenet"}
SAMPLES = Path(__file__).parents[2] / "sample_models"


@dataclass(frozen=True)
class Case:
    """Pixels, an input that they are prepared for, and what a right device feeds."""

    receiver: Receiver
    pixels: Array
    """uint8 (n, *shape)."""
    prepared: Array

    def fed(self, values: Array) -> Array:
        """What a device feeds that means to feed these values."""
        params = self.receiver.tensor.quantization
        plain = np.ascontiguousarray(values, np.float32)
        return plain if params is None else quantize(plain, params, self.receiver.tensor.dtype)


def tensor(shape, dtype="float32", params=None):
    full = (1, *shape)
    return Tensor(0, "x", full, full, dtype, params, 0, is_constant=False, is_variable=False)


def receiver(shape, *steps, dtype="float32", params=None, **spec):
    """The receiver of a spec with these steps; an image unless `kind` says otherwise."""
    kind = spec.pop("kind", "image")
    seen = spec.pop("seen", (-1.0, 1.0))
    written = ({"decode": {}}, *steps) if kind == "image" else steps
    whole = InputSpec.model_validate({"kind": kind, "steps": written, **spec})
    return receiver_of("x", whole, tensor(shape, dtype, params), shape, seen)


def photos(height, width, count=9, source="photos", color="RGB"):
    """uint8 (count, height, width, 1 or 3), of the sample models."""
    from PIL import Image

    files = sorted((SAMPLES / source / "images").iterdir())
    chosen = [files[n] for n in np.linspace(0, len(files) - 1, count).astype(int)]
    made = []
    for path in chosen:
        with Image.open(path) as image:
            made.append(np.asarray(image.convert(color).resize((width, height), Image.BILINEAR)))
    return np.stack(made).reshape(count, height, width, -1)


def case(pixels, *steps, dtype="float32", params=None):
    """Pictures (n, height, width, channels) as these steps prepare them."""
    made = receiver(pixels.shape[1:], *steps, dtype=dtype, params=params)
    scale, offset = np.asarray(made.lines).T
    return Case(made, pixels, (pixels * scale + offset).astype(np.float32))


def usual_cases():
    """Name -> a case of each kind of input."""
    small, large, wide = photos(32, 32), photos(64, 64), photos(32, 48)
    digits = photos(28, 28, source="digits", color="L")
    half = QuantParams((1 / 127.5,), (-1,))
    return {
        "int8 signed": case(small, SIGNED, dtype="int8", params=half),
        "uint8 raw": case(large, dtype="uint8", params=QuantParams((1.0,), (0,))),
        "gray": case(digits, UNIT, dtype="int8", params=QuantParams((1 / 255,), (-128,))),
        "float": case(small, SIGNED),
        "wide": case(wide, SIGNED, dtype="int8", params=half),
        "imagenet": case(small, IMAGENET, dtype="int8", params=QuantParams((0.0187,), (-14,))),
        "int16": case(small, SIGNED, dtype="int16", params=QuantParams((1 / 32767,), (0,))),
    }
