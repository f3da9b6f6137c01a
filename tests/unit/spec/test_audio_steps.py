import pytest
from pydantic import ValidationError

from edgecheck.spec import audio_steps as a
from edgecheck.spec.model import InputSpec


def test_audio_steps_are_typed_and_in_order(load, full):
    assert load(full).spec.inputs["sound"].steps[:7] == (
        a.Mono(channel="first"),
        a.Resample(rate=16_000),
        a.TrimOrPad(samples=16_000),
        a.PeakNormalize(by="max"),
        a.Stft(window=480, step=320, fft=512),
        a.LogMel(bins=40, low_hz=20.0, high_hz=4000.0, log="db", offset=0.0, floor=1e-10,
                 implementation="librosa"),
        a.Mfcc(coefficients=10, implementation="librosa"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("window", "fft"), [(480, 512), (512, 512), (513, 1024), (640, 1024), (1, 2)]
)
def test_the_transform_is_the_next_power_of_two(window, fft):
    assert a.Stft(window=window, step=10).fft_length == fft


def test_a_given_transform_may_be_shorter_than_the_window():
    assert a.Stft(window=1100, step=10, fft=512).fft_length == 512


@pytest.mark.parametrize(
    "step",
    [
        {"stft": {"window": 0, "step": 1}},
        {"stft": {"window": 10**9, "step": 1}},
        {"stft": {"window": 10, "step": 0}},
        {"stft": {"window": 10, "step": 1, "power": 3}},
        {"frame": {"length": 10, "step": 1, "pad": "start"}},
        {"resample": {"rate": 16}},
        {"trim-or-pad": {"samples": 10**10}},
        {"log-mel": {"bins": 0, "low_hz": 0.0, "high_hz": 10.0}},
        {"log-mel": {"bins": 4, "low_hz": 0.0, "high_hz": 1e9}},
        {"mfcc": {"coefficients": 0}},
        {"reshape": ()},
        {"reshape": (0, 4)},
        {"mono": "last"},
    ],
)
def test_values_without_sense_are_refused(step):
    with pytest.raises(ValidationError):
        InputSpec(kind="audio", steps=(step,))


def test_band_edges_are_ordered():
    with pytest.raises(ValidationError, match="expected more than low_hz, which is 4000"):
        a.LogMel(bins=4, low_hz=4000.0, high_hz=20.0)
