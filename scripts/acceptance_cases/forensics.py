"""Cases of what a file was calibrated on, read from its stored ranges."""

import numpy as np
from acceptance_cases.case import Case, negative, positive
from acceptance_cases.ingredients import npz, spec
from calibrated import LAYERS, SIZE, alike, calibrated_on, mixed, smallest

from edgecheck.tensors import Array

_SPEC = {**spec(row={"shape": [SIZE]}), "model": {"task": "regression"}}
_ALWAYS = ["--layers", "always"]
_NOISE = np.random.default_rng(9).uniform(-1, 1, (500, SIZE)).astype(np.float32)


def cases() -> list[Case]:
    """All of them."""
    return [*_one_sample(), *_noise()]


def _one_sample() -> list[Case]:
    rule, rows = "calibrated-on-one-sample", mixed()
    found = smallest(rows)
    return [
        positive(
            rule,
            "representative_dataset yields the same row every time: its loop has the wrong index.",
            _SPEC,
            _files(rows[found : found + 1], rows),
            role="cause",
            evidence={"sample": f"samples.npz[{found}]", "tensors": LAYERS + 1, "samples": 120},
        ),
        negative(
            rule,
            "The same model, calibrated on the first hundred samples.",
            _SPEC,
            _files(rows[:100], rows),
            arguments=_ALWAYS,
        ),
    ]


def _noise() -> list[Case]:
    rule, rows = "calibrated-on-noise", alike()
    return [
        positive(
            rule,
            "representative_dataset yields np.random.uniform(-1, 1); the samples, whose features "
            "move together, go far beyond the ranges of that.",
            _SPEC,
            _files(_NOISE, rows),
            role="cause",
            evidence={"kind": "uniform", "ends": 2 * LAYERS},
        ),
        negative(
            rule,
            "The same model, calibrated on the first hundred samples.",
            _SPEC,
            _files(rows[:100], rows),
            arguments=_ALWAYS,
        ),
    ]


def _files(calibration: Array, rows: Array) -> dict[str, bytes]:
    return {"model.tflite": calibrated_on(calibration), **npz(row=rows)}
