"""Cases of the rules that other steps prove: colours, and preprocessing of one model alone."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from acceptance_cases.case import Case, negative, positive
from acceptance_cases.ingredients import LABELLED, npz
from models import OpDef, TensorDef, build_model

from edgecheck.tensors import Array

SHAPE, SAMPLES = (1, 4, 4, 3), 60
SIGNED = {"rescale": {"scale": 0.00784313725490196, "offset": -1}}


def cases() -> list[Case]:
    """All of them."""
    return [*_channel_order(), *_left_out(), *_resize()]


def _channel_order() -> list[Case]:
    rule, model = "channel-order-swapped", _colours()
    files = {"model.tflite": model, "float.tflite": model, **_pictures()}
    return [
        positive(
            rule,
            "The app's OpenCV code was written into the spec; training decoded with Pillow.",
            _spec([{"channel-order": "BGR"}, SIGNED]),
            files,
            role="cause",
            evidence={"removed": ["channel-order: BGR"], "added": [], "right_after": 60},
        ),
        negative(
            rule,
            "A model that tells colours apart only badly does so in both orders.",
            _spec([SIGNED]),
            {**files, **_pictures(mislabelled=20)},
        ),
    ]


def _resize() -> list[Case]:
    rule, model = "resize-method-mismatch", _colours()
    nearest, bilinear = ({"resize": {"size": [4, 4], "method": m}} for m in ("nearest", "bilinear"))
    files = {"model.tflite": model, "float.tflite": model, **_noise()}
    return [
        positive(
            rule,
            "Firmware keeps every second pixel, and so does the spec; training averaged them.",
            _spec([nearest, SIGNED]),
            files,
            role="cause",
            evidence={"input": "image"},
        ),
        negative(
            rule,
            "Resized as in training; a quarter of the labels is wrong, and no kernel mends that.",
            _spec([bilinear, SIGNED]),
            {**files, **_noise(mislabelled=15)},
        ),
    ]


def _noise(mislabelled: int = 0) -> dict[str, bytes]:
    """Pictures of 8 x 8 pixels of noise, and the number of the colour that is brightest in all."""
    pixels = np.random.default_rng(6).integers(0, 256, (SAMPLES, 8, 8, 3)).astype(np.uint8)
    labels = pixels.mean(axis=(1, 2)).argmax(axis=1)
    labels[:mislabelled] = (labels[:mislabelled] + 1) % 3
    return npz(image=pixels, label=labels)


def _left_out() -> list[Case]:
    rule = "preprocessing-not-in-exported-graph"
    pictures = _pictures()
    inside, outside = _brightness(is_scaled_inside=True), _brightness(is_scaled_inside=False)
    raw = {"model.tflite": outside, "float.tflite": inside, **pictures}
    return [
        positive(
            rule,
            "The trained model scales raw pixels itself; the export began behind that layer.",
            _spec([], dataset={}),
            raw,
            role="cause",
            evidence={"fed": "candidate", "change": "pixels in -1..1"},
        ),
        negative(
            rule,
            "The scaling layer is in the exported file too.",
            _spec([], dataset={}),
            {**raw, "model.tflite": inside},
        ),
    ]


def _spec(steps: list[Any], dataset: Mapping[str, Any] = LABELLED) -> dict[str, Any]:
    return {
        "version": 1,
        "model": {"task": "classification", "reference": "float.tflite"},
        "inputs": {"image": {"kind": "array", "shape": list(SHAPE[1:]), "steps": steps}},
        "dataset": {"path": "samples.npz", **dataset},
    }


def _pictures(mislabelled: int = 0) -> dict[str, bytes]:
    """Noise in which one colour is the brightest, and the number of that colour."""
    random = np.random.default_rng(3)
    labels = np.arange(SAMPLES) % 3
    pixels = random.integers(0, 60, (SAMPLES, *SHAPE[1:]))
    pixels += random.integers(0, 120, (SAMPLES, 1, 1, 1))
    pixels[np.arange(SAMPLES), :, :, labels] += 60
    labels[:mislabelled] = (labels[:mislabelled] + 1) % 3
    return npz(image=pixels.astype(np.uint8), label=labels)


def _colours() -> bytes:
    """The brightest of three channels."""
    weights = np.tile(np.eye(3, dtype=np.float32), (1, 16))
    return _classifier(weights, np.zeros(3, np.float32), is_scaled_inside=False)


def _brightness(*, is_scaled_inside: bool) -> bytes:
    """Dark, medium or bright, by the mean m of pixels in -1..1: the largest of -m, 0.3, m + 0.3.

    Raw pixels are bright without exception.
    """
    slopes = np.array([-1, 0, 1], np.float32)
    weights = np.repeat(slopes[:, None] / 48, 48, axis=1)
    bias = np.array([0, 0.3, 0.3], np.float32)
    return _classifier(weights, bias, is_scaled_inside=is_scaled_inside)


def _classifier(weights: Array, bias: Array, *, is_scaled_inside: bool) -> bytes:
    """Pictures -> [pixel * 2 / 255 - 1 ->] FULLY_CONNECTED -> SOFTMAX."""
    tensors = [
        TensorDef("image", SHAPE),
        TensorDef("scale", (1,), data=np.full(1, 2 / 255, np.float32)),
        TensorDef("scaled", SHAPE),
        TensorDef("shift", (1,), data=np.full(1, 1, np.float32)),
        TensorDef("shifted", SHAPE),
        TensorDef("weights", weights.shape, data=weights),
        TensorDef("bias", bias.shape, data=bias),
        TensorDef("logits", (1, 3)),
        TensorDef("output", (1, 3)),
    ]
    scaling = [OpDef("MUL", [0, 1], [2]), OpDef("SUB", [2, 3], [4])] if is_scaled_inside else []
    dense = OpDef("FULLY_CONNECTED", [4 if is_scaled_inside else 0, 5, 6], [7])
    softmax = OpDef("SOFTMAX", [7], [8], options={"Beta": 1.0})
    return build_model(tensors, [*scaling, dense, softmax], [0], [8])
