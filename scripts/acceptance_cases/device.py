"""Cases of the rules that only a dump from the device shows: pictures for a model that echoes."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from acceptance_cases.case import Case, negative, positive
from acceptance_cases.ingredients import npz
from models import OpDef, TensorDef, build_model, identity

from edgecheck.quantization import QuantParams, quantize
from edgecheck.tensors import Array

SHAPE, COUNT = (1, 16, 16, 1), 4
SIGNED = {"rescale": {"scale": 0.00784313725490196, "offset": -1}}
WHOLE, NARROW = QuantParams((1 / 127.5,), (-1,)), QuantParams((0.7 / 127.5,), (0,))
"""What an int8 input is calibrated for: all pixels, or not the darkest and the brightest."""

DUMP, OUTPUT = "dump.npz", "output"


def cases() -> list[Case]:
    """All of them."""
    return [*_inputs(), *_byte_order(), *_outputs()]


def _inputs() -> list[Case]:
    values, pixels = _prepared(), _pixels()
    right, narrow = quantize(values, WHOLE, "int8"), quantize(values, NARROW, "int8")
    unclipped = np.rint(values / np.float32(NARROW.scales[0])).astype(np.int64)
    cut = np.clip(np.trunc(values / np.float32(WHOLE.scales[0]) - 1), -128, 127).astype(np.int8)
    moved = np.concatenate([np.zeros_like(pixels[:, :, :4]), pixels[:, :, :-4]], axis=2)
    shifted = quantize(_scaled(moved), WHOLE, "int8")
    return [
        _wrong("input-signedness-offset", "The frame buffer was copied with memcpy().",
               pixels.view(np.int8), ["uint8-as-int8"]),
        _fine("input-signedness-offset", "The log calls the bytes of the int8 input unsigned.",
              right.view(np.uint8)),
        _wrong("input-cast-without-quantization", "Real values were cast to int8_t.",
               values.astype(np.int8), ["cast-without-scale"]),
        _fine("input-cast-without-quantization", "The log holds the values before they were "
              "quantized.", values),
        _wrong("input-cast-wraparound", "The quantizing code does not clamp, and black is beyond "
               "the range.", unclipped.astype(np.int8), ["wrap-without-clip"], params=NARROW),
        _fine("input-cast-wraparound", "Black is beyond the range, and clamped.", narrow,
              params=NARROW),
        _wrong("input-rounding-missing", "A cast cuts off what lroundf() would round.", cut,
               ["truncated"], exit_code=0, severity="info", role="note"),
        _fine("input-rounding-missing", "The device rounds.", right),
        _wrong("input-shifted", "The rows that the camera sends begin with four bytes of padding.",
               shifted, ["shift-right"]),
        _fine("input-shifted", "A picture with a dark border on one side, fed as it is.", right),
    ]  # fmt: skip


def _byte_order() -> list[Case]:
    """A float model; the dump is raw bytes, which have an order of their own."""
    rule, values = "endianness", _prepared()
    files = {"model.tflite": identity(SHAPE), **npz(image=_pixels())}
    tensor = {"name": "image", "dtype": "float32", "shape": list(values.shape), "file": "image.bin"}
    swapped = {**files, **_described(tensor), "dump/image.bin": values.byteswap().tobytes()}
    told = {**swapped, **_described({**tensor, "byte_order": "big"})}
    evidence = {"mistakes": ["byte-swapped"], "samples": COUNT}
    return [
        positive(rule, "A ByteBuffer in Java was left big-endian.", _spec(), swapped,
                 role="cause", dump="dump", evidence=evidence),
        negative(rule, "The log was written by a big-endian machine, and says so.", _spec(), told,
                 dump="dump"),
    ]  # fmt: skip


def _outputs() -> list[Case]:
    codes = quantize(_prepared(), WHOLE, "int8").reshape(COUNT, -1)
    last = np.repeat(codes[-1:], COUNT, axis=0)
    return [
        _wrong("output-not-dequantized", "Code for the float model prints what the int8 one gives.",
               codes.astype(np.float32), ["raw-codes"], name=OUTPUT),
        _fine("output-not-dequantized", "The log holds the int8 output as it is.", codes,
              name=OUTPUT),
        _wrong("output-alias-reuse", "A list of pointers to the one output buffer was kept.", last,
               ["all-last"], name=OUTPUT),
        _fine("output-alias-reuse", "Every output was copied.", codes, name=OUTPUT),
    ]  # fmt: skip


def _wrong(
    rule: str,
    story: str,
    dumped: Array,
    mistakes: list[str],
    *,
    name: str = "image",
    params: QuantParams = WHOLE,
    **expected: object,
) -> Case:
    told: dict[str, object] = {"role": "cause", "dump": DUMP, **expected}
    files = _files(dumped, name, params)
    evidence = {"mistakes": mistakes, "samples": COUNT}
    return positive(rule, story, _spec(), files, evidence=evidence, **told)


def _fine(
    rule: str, story: str, dumped: Array, *, name: str = "image", params: QuantParams = WHOLE
) -> Case:
    return negative(rule, story, _spec(), _files(dumped, name, params), dump=DUMP)


def _files(dumped: Array, name: str, params: QuantParams) -> dict[str, bytes]:
    dump = npz(**{name: dumped})["samples.npz"]
    return {"model.tflite": _echo(params), DUMP: dump, **npz(image=_pixels())}


def _described(tensor: Mapping[str, Any]) -> dict[str, bytes]:
    text = json.dumps({"version": 1, "tensors": [tensor]}, indent=2) + "\n"
    return {"dump/dump.json": text.encode()}


def _spec() -> dict[str, Any]:
    image = {"kind": "array", "shape": list(SHAPE[1:]), "steps": [SIGNED]}
    return {
        "version": 1,
        "model": {"task": "other"},
        "inputs": {"image": image},
        "dataset": {"path": "samples.npz"},
    }


def _pixels() -> Array:
    """Blots on a background that darkens to one side, no two alike: uint8 (n, 16, 16, 1)."""
    random = np.random.default_rng(5)
    ramp = np.linspace(0, 160, SHAPE[2])[None, None, :, None]
    found = ramp + random.integers(0, 96, (COUNT, *SHAPE[1:]))
    found[:, 3:9, 6:12] += random.integers(0, 60, (COUNT, 1, 1, 1))
    found[:, 0, 0], found[:, 0, -1] = 0, 255
    return np.clip(found, 0, 255).astype(np.uint8)


def _scaled(pixels: Array) -> Array:
    step = SIGNED["rescale"]
    return (pixels * np.float64(step["scale"]) + step["offset"]).astype(np.float32)


def _prepared() -> Array:
    return _scaled(_pixels())


def _echo(params: QuantParams) -> bytes:
    """A full-integer model that gives its input as one row."""
    scale, zero = params.scales[0], params.zero_points[0]
    count = int(np.prod(SHAPE))
    tensors = [
        TensorDef("image", SHAPE, "int8", scale, zero),
        TensorDef("shape", (2,), "int32", data=np.array([1, count])),
        TensorDef(OUTPUT, (1, count), "int8", scale, zero),
    ]
    return build_model(tensors, [OpDef("RESHAPE", [0, 1], [2])], [0], [2])
