"""Features of sound that are made in another way than in training; frames stay as many."""

from collections.abc import Iterator
from functools import partial
from typing import Final

import numpy as np

from faults.bases.files import write_sounds
from faults.bases.sounds import RATE
from faults.case import Array, Deployment, Fault, Untyped
from faults.samples import with_samples

_CHANGES: Final[dict[str, dict[str, dict[str, Untyped]]]] = {
    # Frames stay as many, since the clip grows as the window does: 25 ms is to 40 ms as 160 to 256.
    "window-longer": {"stft": {"window": 256}, "trim-or-pad": {"samples": RATE // 2 + 96}},
    "window-shorter": {"stft": {"window": 80}, "trim-or-pad": {"samples": RATE // 2 - 80}},
    "fft-shorter-than-window": {"stft": {"fft": 128}},
    "step-halved": {"stft": {"step": 64}, "trim-or-pad": {"samples": 160 + 30 * 64}},
    "power-spectrum": {"stft": {"power": 2}},
    "decimal-logarithm": {"log-mel": {"log": "log10"}},
    "decibels": {"log-mel": {"log": "db"}},
    "no-logarithm": {"log-mel": {"log": "none"}},
    "large-offset": {"log-mel": {"offset": 1.0}},
    "librosa-filters": {"log-mel": {"implementation": "librosa"}},
}


def _made_otherwise(
    site: Deployment, _rng: np.random.Generator, *, changes: dict[str, dict[str, Untyped]]
) -> Deployment:
    steps = []
    for step in site.steps():
        ((key, settings),) = step.items()
        steps.append({key: {**settings, **changes[key]}} if key in changes else step)
    return site.with_input(steps=steps)


def _counts(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """Samples of 16 bits that are not divided by 32768."""
    return site.with_input(steps=[{"rescale": {"scale": 32768.0}}, *site.steps()])


def _other_rate(site: Deployment, _rng: np.random.Generator, *, rate: int) -> Deployment:
    """Recorded at another rate than the header says: 11.025 kHz taken for 8 kHz sounds lower."""
    made = with_samples(site, range(len(site.base.labels())))
    folder = made.folder / "data"
    sounds = [_read(path) for path in sorted((folder / "sounds").iterdir())]
    for path in (folder / "sounds").iterdir():
        path.unlink()
    (folder / "sounds").rmdir()
    write_sounds(folder, np.stack([resampled(sound, rate / RATE) for sound in sounds]), RATE, [])
    return made


def resampled(sound: Array, factor: float) -> Array:
    """`factor` times as many samples of the same sound, on straight lines between samples."""
    count = int(len(sound) * factor)
    return np.interp(np.arange(count) / factor, np.arange(len(sound)), sound)


def _read(path: Untyped) -> Array:
    import wave

    with wave.open(str(path)) as file:
        found = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return found / 32767


def _steps() -> Iterator[Fault]:
    for variant, changes in _CHANGES.items():
        yield Fault(
            "audio-feature-mismatch",
            "input",
            variant,
            partial(_made_otherwise, changes=changes),
            harm="input",
            touches=frozenset({"spec"}),
            needs=frozenset({"audio"}),
        )


FAULTS = (
    *_steps(),
    Fault(
        "audio-feature-mismatch",
        "input",
        "sixteen-bit-counts",
        _counts,
        harm="input",
        touches=frozenset({"spec"}),
        needs=frozenset({"audio"}),
        also_right=("input-not-normalized",),
        reason="counts in place of -1..1 are a front end that does not scale: both names say so",
    ),
    Fault(
        "audio-feature-mismatch",
        "input",
        "rate-11025-as-8000",
        partial(_other_rate, rate=11_025),
        harm="input",
        touches=frozenset({"data"}),
        needs=frozenset({"audio"}),
    ),
    Fault(
        "audio-feature-mismatch",
        "input",
        "rate-16000-as-8000",
        partial(_other_rate, rate=16_000),
        harm="input",
        touches=frozenset({"data"}),
        needs=frozenset({"audio"}),
    ),
)
