"""Cases of the rule about sound: recordings, front end and model that do not fit together."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from acceptance_cases.case import Case, negative, positive
from models import float_dense, int8_dense
from wav_writer import wav16

from edgecheck.tensors import Array

BANDS, FRAMES, SAMPLES, RATE = 8, 2, 800, 16_000
PERIODS = (64, 16, 5)
"""Samples of one swing at 16 kHz: tones of 250, 1000 and 3200 Hz, all whole numbers."""
STEPS = (
    {"trim-or-pad": {"samples": SAMPLES}},
    {"stft": {"window": 400, "step": 400}},
    {"log-mel": {"bins": BANDS, "low_hz": 100, "high_hz": 6000}},
    {"reshape": [FRAMES * BANDS]},
)
LOUDEST = ((0, 1), (2, 3), (5, 6))
"""The bands in which the tones have their energy."""


def cases() -> list[Case]:
    """All of them."""
    rule = "audio-feature-mismatch"
    return [
        positive(
            rule,
            "The clips were recorded at 22.05 kHz and are read as if they had 16 kHz.",
            _spec(),
            _files(22_050),
            role="cause",
            evidence={"parameter": "sample-rate", "found": [22050.0], "expected": [16000.0]},
        ),
        negative(
            rule,
            "The clips have the rate that the steps assume, though some are shorter than others.",
            _spec(),
            _files(RATE),
        ),
    ]


def _spec() -> dict[str, Any]:
    return {
        "version": 1,
        "model": {"task": "classification", "reference": "float.tflite", "labels": list("lmh")},
        "inputs": {"sound": {"kind": "audio", "sample_rate": RATE, "steps": list(STEPS)}},
        "dataset": {"path": "sounds/*.wav", "labels": "labels.csv"},
    }


def _files(rate: int) -> Mapping[str, bytes]:
    """24 clips of a 20th of a second, their labels, and the models."""
    random = np.random.default_rng(0)
    sounds, labels = {}, ["filename,label"]
    for number in range(24):
        word = number % 3
        level, phase, cut = random.integers(20, 90), random.integers(64), random.integers(100)
        clip = _triangle(PERIODS[word] * rate / RATE, rate // 20 - int(cut), int(phase))
        sounds[f"sounds/{number:02}.wav"] = wav16(clip * int(level) / 128, rate)
        labels.append(f"{number:02}.wav,{'lmh'[word]}")
    weights, bias = _weights()
    return {
        "model.tflite": int8_dense(weights, bias, (-14, 6), (-40, 40), softmax=True),
        "float.tflite": float_dense(weights, bias, softmax=True),
        "labels.csv": ("\n".join(labels) + "\n").encode(),
        **sounds,
    }


def _triangle(period: float, length: int, phase: int) -> Array:
    """A triangle wave in [-1, 1], by exact arithmetic: the same bytes everywhere."""
    position = ((np.arange(length) + phase) * 64 // period) % 64
    return np.abs(position - 32) / 16 - 1


def _weights() -> tuple[Array, Array]:
    """Each class adds up its own bands and takes off a part of all."""
    weights = np.full((3, FRAMES, BANDS), -0.125, np.float32)
    for word, bands in enumerate(LOUDEST):
        weights[word, :, list(bands)] += 0.5
    return weights.reshape(3, -1), np.zeros(3, np.float32)
