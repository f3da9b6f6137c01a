import numpy as np
import pytest
from wav_writer import tone, wav16

from edgecheck.errors import DatasetUnreadable, UsageError
from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.spec.model import InputSpec

SECOND = {"trim-or-pad": {"samples": 16_000}}
STFT = {"stft": {"window": 480, "step": 320}}
MEL = {"log-mel": {"bins": 40, "low_hz": 20.0, "high_hz": 4000.0}}
MLPERF_KEYWORDS = ({"peak-normalize": "max"}, SECOND, STFT, MEL, {"mfcc": {"coefficients": 10}},
                   {"reshape": (49, 10, 1)})  # fmt: skip
MLPERF_ANOMALIES = (
    {"trim-or-pad": {"samples": 3072}},
    {"stft": {"window": 1024, "step": 512, "power": 2}},
    {"log-mel": {"bins": 128, "low_hz": 0.0, "high_hz": 8000.0, "log": "db", "offset": 2.2e-16,
                 "implementation": "librosa"}},
    {"reshape": (640,)},
)  # fmt: skip


def pipeline(*steps, **fields):
    return Pipeline("x", InputSpec.model_validate({"kind": "audio", "steps": steps, **fields}))


def names(count):
    return [f"s{number}" for number in range(count)]


def speech(seed=0, samples=16_000):
    """Not silent, not a single tone: noise that fades in and out."""
    values = np.random.default_rng(seed).normal(0, 0.1, samples)
    return values * np.hanning(samples)


def test_mlperf_keyword_features_are_tensorflows():
    tf = pytest.importorskip("tensorflow", reason="tensorflow is the oracle here")
    encoded = wav16(speech(samples=12_000))
    found = pipeline(*MLPERF_KEYWORDS, shape=(49, 10, 1), sample_rate=16_000)((encoded,), ["a"])
    sound = tf.audio.decode_wav(encoded).audio[:, 0]
    sound = tf.pad(sound / tf.reduce_max(sound), [[0, 4000]])
    spectrogram = tf.abs(tf.signal.stft(sound, 480, 320, window_fn=tf.signal.hann_window))
    weights = tf.signal.linear_to_mel_weight_matrix(40, 257, 16_000, 20.0, 4000.0)
    bands = tf.math.log(tf.tensordot(spectrogram, weights, 1) + 1e-6)
    expected = tf.signal.mfccs_from_log_mel_spectrograms(bands)[..., :10]
    assert found.shape == (1, 49, 10, 1)
    np.testing.assert_allclose(found[0, :, :, 0], expected.numpy(), rtol=1e-3, atol=5e-3)


def test_speech_commands_log_mel_has_49_frames_of_40_bands():
    found = pipeline(SECOND, STFT, MEL, {"reshape": (1960,)}, sample_rate=16_000)
    assert found((wav16(speech()),), ["a"]).shape == (1, 1960)


def test_mlperf_anomaly_features_are_five_frames_of_128_bands():
    run = pipeline(*MLPERF_ANOMALIES, shape=(640,), sample_rate=16_000)
    found = run((wav16(speech()), wav16(speech(1))), names(2))
    # One full-scale bin of a 1024 sample Hann window has 20 log10(256) dB.
    loud = run((wav16(tone(1000, level=1.0)),), ["loud"])
    assert found.shape == (2, 640)
    assert np.isfinite(found).all()
    assert loud.max() < 20 * np.log10(256)


def test_files_and_arrays_give_the_same():
    sounds = np.stack([speech(seed) for seed in range(3)])
    files = tuple(map(wav16, sounds))
    stored = np.round(sounds * 32768).astype(np.int16)
    run = pipeline(STFT, MEL, sample_rate=16_000)
    whole = pipeline({"rescale": {"scale": 1 / 32768}}, STFT, MEL, sample_rate=16_000)
    np.testing.assert_allclose(run(files, names(3)), whole(stored, names(3)), rtol=1e-4, atol=1e-4)


def test_a_file_is_resampled_from_its_own_rate():
    pytest.importorskip("soxr", reason="resampling is an extra")
    steps = ({"resample": {"rate": 16_000}}, STFT, MEL)
    run = pipeline(*steps, sample_rate=16_000)
    found = run((wav16(tone(1000, 44_100), 44_100), wav16(tone(1000))), names(2))
    inner = np.s_[2:-2, 5:15]
    np.testing.assert_allclose(found[0][inner], found[1][inner], atol=0.05)


def test_without_resample_another_rate_passes_for_the_right_one():
    run = pipeline(STFT, MEL, sample_rate=16_000)
    slow = run((wav16(tone(500, 8000, 2.0), 8000),), ["a"])
    fast = run((wav16(tone(1000, 16_000)),), ["b"])
    np.testing.assert_allclose(slow, fast, atol=1e-4)


def test_without_a_stated_rate_the_files_rate_counts():
    slow = pipeline(STFT, MEL)((wav16(tone(500, 8000), 8000),), ["a"])
    stated = pipeline(STFT, MEL, sample_rate=8000)((wav16(tone(500, 8000), 8000),), ["a"])
    np.testing.assert_array_equal(slow, stated)


def test_channels_are_averaged_unless_the_spec_says_otherwise():
    stereo = np.stack([speech(1), speech(2)], axis=1)
    steps = ((), ({"mono": "mean"},), ({"mono": "first"},))
    mean, same, first = (pipeline(*each)((wav16(stereo),), ["a"])[0] for each in steps)
    np.testing.assert_array_equal(mean, same)
    np.testing.assert_allclose(mean, stereo.mean(axis=1), atol=1 / 32768)
    np.testing.assert_allclose(first, stereo[:, 0], atol=1 / 32768)


def test_mono_comes_first():
    with pytest.raises(UsageError, match="`mono` must be the first step"):
        pipeline(STFT, {"mono": "first"})


def test_files_are_surveyed():
    run = pipeline(SECOND)
    run((wav16(tone(440, 8000), 8000), wav16(tone(440)), wav16(np.zeros((8000, 2)))), names(3))
    survey = run.survey
    assert survey.files == 3
    assert survey.rates == {8000: 1, 16_000: 2}
    assert survey.channels == {1: 2, 2: 1}
    assert (survey.shortest_s, survey.longest_s) == (0.5, 1.0)


def test_clips_of_different_lengths_get_advice():
    with pytest.raises(DatasetUnreadable, match=r"s1: shape \(24,.*s0 has \(49,") as caught:
        pipeline(STFT, MEL, sample_rate=16_000)((wav16(speech()), wav16(speech()[:8000])), names(2))
    assert "trim-or-pad" in caught.value.hint


def test_a_shape_that_another_rate_explains_gets_advice():
    encoded = wav16(tone(440, 8000), 8000)
    with pytest.raises(DatasetUnreadable, match=r"shape \(24, 40\)") as caught:
        pipeline(STFT, MEL, sample_rate=16_000, shape=(49, 40))((encoded,), ["a"])
    assert "files of 8000 Hz" in caught.value.hint
    assert "resample: {rate: 16000}" in caught.value.hint


def test_a_damaged_file_is_named():
    with pytest.raises(DatasetUnreadable, match=r"^s1: the \.wav file is cut short"):
        pipeline(SECOND)((wav16(speech()), wav16(speech())[:-7]), names(2))


def test_reshape_needs_the_same_number_of_elements():
    with pytest.raises(
        DatasetUnreadable, match=r"\(49, 40\) have 1960 elements, \[49, 10\] has 490"
    ):
        pipeline(SECOND, STFT, MEL, {"reshape": (49, 10)}, sample_rate=16_000)(
            (wav16(speech()),), ["a"]
        )


def test_silence_has_the_lowest_coefficient_of_mlperf_keyword_spotting():
    """-123.5697 is the lowest value in published features (mlcommons/tiny), -123.37 in its int8."""
    run = pipeline(*MLPERF_KEYWORDS, sample_rate=16_000)
    found = run((wav16(np.zeros(16_000)),), ["silence"])
    assert found.min() == pytest.approx(-123.5697, abs=1e-3)
