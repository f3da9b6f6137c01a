"""A keyword task in small: four sounds as .wav files, and a model that tells them apart."""

from pathlib import Path

import numpy as np
import yaml
from models import float_dense, int8_dense
from wav_writer import wav16

from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.spec.model import InputSpec
from edgecheck.tensors import Array

WORDS = ("low", "high", "rising", "hiss")
STEPS = (
    {"trim-or-pad": {"samples": 16_000}},
    {"stft": {"window": 480, "step": 320}},
    {"log-mel": {"bins": 40, "low_hz": 20.0, "high_hz": 4000.0}},
    {"mfcc": {"coefficients": 10}},
    {"reshape": (490,)},
)
"""The front end of MLPerf Tiny's keyword spotting, flattened."""


def utter(word: str, seed: int, rate: int = 16_000) -> Array:
    """One second of a word with noise, float64 (rate,): what a microphone of this rate records."""
    rng = np.random.default_rng([WORDS.index(word), seed])
    time = np.arange(rate) / rate
    pitch, start, level = rng.uniform(0.9, 1.1), rng.uniform(0.1, 0.3), rng.uniform(0.2, 0.6)
    hertz = {"low": 500.0, "high": 2000.0, "rising": 500 + 1500 * time, "hiss": 0.0}[word]
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(hertz, time.shape)) * pitch / rate
    sound = rng.normal(0, 0.5, rate) if word == "hiss" else np.sin(phase)
    is_on = (time > start) & (time < start + 0.6)
    return level * sound * is_on + rng.normal(0, 0.003, rate)


def input_spec(*, rate: int = 16_000, steps: tuple[object, ...] = STEPS) -> InputSpec:
    """The input as a spec has it."""
    return InputSpec.model_validate({"kind": "audio", "sample_rate": rate, "steps": steps})


def features(count: int, *, seed: int = 1000) -> tuple[Array, Array]:
    """Training data: features float32 (4 * count, 490), classes (4 * count,)."""
    sounds = [utter(word, seed + number) for word in WORDS for number in range(count)]
    ids = [str(number) for number in range(len(sounds))]
    rows = Pipeline("sound", input_spec())(tuple(map(wav16, sounds)), ids)
    return rows, np.repeat(np.arange(len(WORDS)), count)


def trained() -> tuple[bytes, bytes]:
    """(float, full-integer) linear classifiers of the features, by ridge regression."""
    rows, classes = features(25)
    centre, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-3
    inputs = np.hstack([(rows - centre) / scale, np.ones((len(rows), 1))])
    target = 8 * np.eye(len(WORDS))[classes]
    gram = inputs.T @ inputs + 50 * np.eye(inputs.shape[1])
    solved = np.linalg.solve(gram, inputs.T @ target)
    weights = (solved[:-1] / scale[:, None]).T.astype(np.float32)
    bias = (solved[-1] - weights @ centre).astype(np.float32)
    span = (float(rows.min()), float(rows.max()))
    logits = rows @ weights.T + bias
    bounds = (float(logits.min()) - 1, float(logits.max()) + 1)
    return (
        float_dense(weights, bias, softmax=True),
        int8_dense(weights, bias, span, bounds, softmax=True),
    )


def write_task(folder: Path, *, stored_rate: int = 16_000, count: int = 8, **sound: object) -> Path:
    """Files of every word at `stored_rate`, labels, models and spec; returns the spec's path.

    `sound` changes the input's section of the spec.
    """
    (folder / "sounds").mkdir()
    labels = []
    for word in WORDS:
        for number in range(count):
            name = f"{word}{number}.wav"
            encoded = wav16(utter(word, number, stored_rate), stored_rate)
            (folder / "sounds" / name).write_bytes(encoded)
            labels.append(f"{name},{word}")
    (folder / "labels.csv").write_text("\n".join(["filename,label", *labels]) + "\n")
    float_model, int8_model = trained()
    (folder / "float.tflite").write_bytes(float_model)
    (folder / "model.tflite").write_bytes(int8_model)
    own = {"kind": "audio", "sample_rate": 16_000, "steps": [*STEPS], **sound}
    own["steps"] = [_plain(step) for step in own["steps"]]
    spec = {
        "version": 1,
        "model": {
            "task": "classification", "reference": "float.tflite", "labels": list(WORDS),
        },
        "inputs": {"sound": own},
        "dataset": {"path": "sounds/*.wav", "labels": "labels.csv"},
    }  # fmt: skip
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump(spec, sort_keys=False))
    return path


def _plain(step: dict[str, object]) -> dict[str, object]:
    """Tuples as lists, which YAML has."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in step.items()}
