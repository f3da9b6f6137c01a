"""Six sounds as .wav files, and a depthwise keyword spotter on their log-mel bands."""

from pathlib import Path

import numpy as np

from faults.bases.files import write_sounds
from faults.bases.recipe import Recipe
from faults.case import Array, Untyped

RATE = 8000
WORDS = ("low", "high", "rising", "falling", "hiss", "clicks")
_FRAMES, _BINS = 31, 20


def _write(folder: Path, rng: np.random.Generator, count: int) -> Array:
    classes = rng.permutation(np.arange(count) % len(WORDS))
    sounds = np.stack([_sound(rng, WORDS[number]) for number in classes])
    write_sounds(folder, sounds, RATE, [WORDS[number] for number in classes])
    return classes


def _sound(rng: np.random.Generator, word: str) -> Array:
    """Half a second in -1..1."""
    time = np.arange(RATE // 2) / RATE
    pitch = rng.uniform(0.9, 1.1)
    hertz: dict[str, Array | float] = {
        "low": 400.0,
        "high": 1500.0,
        "rising": 500 + 2000 * time,
        "falling": 1500 - 2000 * time,
    }
    if word == "hiss":
        sound = rng.normal(0, 0.5, len(time))
    elif word == "clicks":
        sound = (rng.random(len(time)) < 0.008) * rng.choice([-1.5, 1.5], len(time))
    else:
        phase = np.cumsum(np.broadcast_to(hertz[word], time.shape)) * pitch / RATE
        sound = np.sin(2 * np.pi * phase)
    start = rng.uniform(0.02, 0.12)
    is_on = (time > start) & (time < start + 0.35)
    return np.asarray(rng.uniform(0.25, 0.6) * sound * is_on + rng.normal(0, 0.004, len(time)))


def _spec(_train: Path) -> dict[str, Untyped]:
    steps = [
        {"trim-or-pad": {"samples": RATE // 2}},
        {"stft": {"window": 160, "step": 128}},
        {"log-mel": {"bins": _BINS, "low_hz": 60, "high_hz": 3800}},
        {"reshape": [_FRAMES, _BINS, 1]},
    ]
    return {
        "version": 1,
        "model": {"task": "classification", "labels": list(WORDS)},
        "inputs": {
            "sound": {
                "kind": "audio", "shape": [_FRAMES, _BINS, 1], "sample_rate": RATE, "steps": steps,
            }
        },
        "dataset": {"path": "sounds/*.wav", "labels": "labels.csv"},
    }  # fmt: skip


def network() -> tuple[Untyped, str]:
    """A convolution and two depthwise separable ones, as in MLPerf Tiny's keyword spotter."""
    import keras

    sound = keras.Input((_FRAMES, _BINS, 1), name="sound")
    x = _normalized(keras.layers.Conv2D(12, (7, 4), 2, padding="same", use_bias=False)(sound))
    for strides in (1, 2):
        depthwise = keras.layers.DepthwiseConv2D(3, strides, padding="same", use_bias=False)
        x = _normalized(depthwise(x))
        x = _normalized(keras.layers.Conv2D(16, 1, use_bias=False)(x))
    x = keras.layers.GlobalAveragePooling2D()(x)
    scores = keras.layers.Dense(len(WORDS), activation="softmax", name="scores")(x)
    return keras.Model(sound, {"scores": scores}), "sparse_categorical_crossentropy"


def _normalized(x: Untyped) -> Untyped:
    import keras

    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))


RECIPES = (
    Recipe(
        "sounds",
        frozenset({"audio", "batch-norm", "convolutions", "classes"}),
        _write,
        _spec,
        "faults.bases.sounds:network",
        10,
        samples=480,
    ),
)
