import numpy as np
import pytest

from edgecheck.preprocess.dry_run import final_rate, final_shape
from edgecheck.preprocess.front_ends import framings, front_ends
from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.spec.audio_steps import Stft
from edgecheck.spec.model import InputSpec

SECOND = {"trim-or-pad": {"samples": 16_000}}
STFT = {"stft": {"window": 480, "step": 320}}
MEL = {"log-mel": {"bins": 40, "low_hz": 20.0, "high_hz": 4000.0}}
MFCC = {"mfcc": {"coefficients": 10}}


def sound(*steps, **fields):
    given = {"kind": "audio", "sample_rate": 16_000, "steps": steps, **fields}
    return InputSpec.model_validate(given)


def noise():
    return np.random.default_rng(0).normal(0, 0.1, (2, 16_000)).astype(np.float32)


def test_alternatives_keep_the_shape_and_change_the_values():
    spec = sound(SECOND, STFT, MEL, MFCC, {"reshape": (490,)}, shape=(490,))
    own = Pipeline("x", spec)(noise(), ["a", "b"])
    found = front_ends(spec)
    assert len({words for words, _ in found}) == len(found) > 10
    for words, other in found:
        values = Pipeline("x", other)(noise(), ["a", "b"])
        assert values.shape == own.shape, words
        assert np.abs(values - own).max() > 0.01, words


def test_alternatives_name_window_rate_logarithm_and_scale():
    words = "; ".join(text for text, _ in front_ends(sound(SECOND, STFT, MEL, MFCC)))
    for part in (
        "windows of 25 ms every 20 ms", "windows of 40 ms every 20 ms", "sample rate of 22050 Hz",
        "{log: db}", "{power: 2}", "{implementation: librosa}", "16-bit integers", "by their peak",
    ):  # fmt: skip
        assert part in words


def tone(rate, hertz=700.0):
    """A second of a rising tone, (1, rate)."""
    time = np.arange(rate) / rate
    return np.sin(2 * np.pi * hertz * time * (1 + time)).astype(np.float32)[None]


@pytest.mark.parametrize("rate", [8000, 22_050])
def test_sound_of_another_rate_than_stated_gives_the_features_of_the_right_one(rate):
    spec = sound({"trim-or-pad": {"samples": 16_000}}, STFT, MEL)
    words = f"sound that was recorded at {rate} Hz, whatever its header says"
    read = Pipeline("x", dict(front_ends(spec))[words])(tone(rate), ["a"])
    right = Pipeline("x", spec)(tone(16_000), ["a"])
    plain = Pipeline("x", spec)(np.pad(tone(rate), ((0, 0), (0, 16_000)))[:, :16_000], ["a"])

    def likeness(found):
        return float(np.corrcoef(found.ravel(), right.ravel())[0, 1])

    assert likeness(read) > 0.97 > likeness(plain) + 0.05


def test_a_transform_that_cuts_the_window_has_a_longer_one_beside_it():
    short = {"stft": {"window": 480, "step": 320, "fft": 256}}
    found = dict(front_ends(sound(SECOND, short, MEL)))
    fitting = Pipeline("x", found["a transform of 512 samples"])(noise(), ["a", "b"])
    assert np.array_equal(fitting, Pipeline("x", sound(SECOND, STFT, MEL))(noise(), ["a", "b"]))


def test_what_the_spec_has_can_be_left_out():
    int16 = {"rescale": {"scale": 32768.0}}
    words = [text for text, _ in front_ends(sound(int16, {"peak-normalize": "max"}, STFT, MEL))]
    assert "sound in [-1, 1)" in words
    assert "clips not divided by their peak" in words
    assert "sound as 16-bit integers" not in words


def test_resampling_to_other_rates_is_an_alternative():
    pytest.importorskip("soxr", reason="resampling is an extra")
    spec = sound({"resample": {"rate": 16_000}}, SECOND, STFT, MEL)
    found = dict(front_ends(spec))
    assert final_rate(found["resampled to 22050 Hz"]) == 22_050
    assert "mel bands of a sample rate of 22050 Hz" not in found


@pytest.mark.parametrize(
    "spec", [sound(SECOND), sound(STFT, MEL, sample_rate=None), sound(MEL, STFT)]
)
def test_without_spectrogram_or_rate_there_are_none(spec):
    assert front_ends(spec) == []


@pytest.mark.parametrize(
    ("steps", "samples", "shape"),
    [
        ((SECOND, STFT, MEL, MFCC), None, (49, 10)),
        ((STFT, MEL), None, None),
        ((STFT, MEL), 16_000, (49, 40)),
        (({"resample": {"rate": 8000}}, {"trim-or-pad": {"samples": 8000}}, STFT), None, (24, 257)),
        (({"mono": "first"}, {"resample": {"rate": 8000}}, STFT), 8000, (24, 257)),
        ((SECOND, {"trim-or-pad": {"samples": 100}}, STFT), None, None),
        ((SECOND, MFCC), None, None),
    ],
)
def test_the_final_shape_is_found_without_samples(steps, samples, shape):
    assert final_shape(sound(*steps), samples) == shape


def test_framings_that_change_one_number_come_first():
    found = framings(16_000, 98, 16_000, Stft(window=480, step=320))
    assert (found[0].window, found[0].step) == (480, 160)
    assert all(1 + (16_000 - each.window) // each.step == 98 for each in found)
