import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wav_writer import tone

from edgecheck.errors import DatasetUnreadable
from edgecheck.preprocess import audio
from edgecheck.spec.audio_steps import Frame, LogMel, Mfcc, Stft


@pytest.fixture(scope="module")
def tf():
    return pytest.importorskip("tensorflow", reason="tensorflow is the oracle here")


def noise(samples=2000, count=2, seed=0):
    values = np.random.default_rng(seed).uniform(-1, 1, (count, samples))
    return values.astype(np.float32)


@pytest.mark.parametrize("pad", ["none", "end"])
@pytest.mark.parametrize(("samples", "length", "step"), [(100, 30, 20), (100, 7, 11), (64, 64, 1)])
def test_frames_are_tensorflows(tf, samples, length, step, pad):
    sounds = noise(samples)
    found = audio.frame(sounds, Frame(length=length, step=step, pad=pad))
    expected = tf.signal.frame(sounds, length, step, pad_end=pad == "end").numpy()
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ["hann", "hamming"])
@pytest.mark.parametrize("length", [1, 2, 5, 480, 481])
def test_windows_are_tensorflows(tf, name, length):
    expected = getattr(tf.signal, f"{name}_window")(length).numpy()
    np.testing.assert_allclose(audio.window_values(name, length), expected, atol=1e-6)


@pytest.mark.parametrize("pad", ["none", "end"])
@pytest.mark.parametrize(
    ("window", "step", "fft"), [(480, 320, None), (640, 320, 512), (400, 160, 512), (25, 10, 33)]
)
@pytest.mark.parametrize("window_fn", ["hann", "hamming", "none"])
def test_stft_is_tensorflows(tf, window, step, fft, pad, window_fn):
    sounds = noise()
    function = {"hann": tf.signal.hann_window, "hamming": tf.signal.hamming_window, "none": None}
    expected = tf.abs(
        tf.signal.stft(
            sounds, window, step, fft, window_fn=function[window_fn], pad_end=pad == "end"
        )
    ).numpy()
    for power in (1, 2):
        written = Stft(window=window, step=step, fft=fft, window_fn=window_fn, pad=pad, power=power)
        found = audio.stft(sounds, written)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected**power, rtol=1e-4, atol=2e-4)


def test_centered_frames_are_librosas():
    """librosa 0.11: pad half a transform on both sides, frames of its length, window centred."""
    sounds, fft, window, hop = noise(1000, 1), 512, 400, 160
    for pad, mode in (("center", "constant"), ("center-reflect", "reflect")):
        padded = np.pad(sounds[0], fft // 2, mode=mode)
        weights = np.pad(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window), 56)
        count = 1 + (len(padded) - fft) // hop
        slow = [np.abs(np.fft.rfft(padded[i * hop :][:fft] * weights)) for i in range(count)]
        found = audio.stft(sounds, Stft(window=window, step=hop, fft=fft, pad=pad))
        np.testing.assert_allclose(found[0], slow, rtol=1e-4, atol=1e-4)


def test_a_long_sound_is_transformed_in_blocks(monkeypatch):
    step = Stft(window=64, step=16)
    whole = audio.stft(noise(), step)
    monkeypatch.setattr(audio, "BLOCK_VALUES", 100)
    np.testing.assert_array_equal(audio.stft(noise(), step), whole)


@given(
    st.integers(1, 300), st.integers(1, 80), st.integers(1, 90),
    st.sampled_from(["none", "end", "center"]),
)  # fmt: skip
def test_the_frame_count_is_the_number_of_frames(samples, length, step, pad):
    written = Frame(length=length, step=step, pad=pad)
    count = audio.frame_count(samples, written)
    if count == 0:
        with pytest.raises(DatasetUnreadable, match="shorter than a frame"):
            audio.frame(noise(samples), written)
    else:
        assert audio.frame(noise(samples), written).shape == (2, count, length)


@pytest.mark.parametrize(
    ("bins", "rate", "low", "high"), [(40, 16_000, 20, 4000), (64, 8000, 125, 3800), (20, 44_100, 0, 22_050)]
)  # fmt: skip
def test_log_mel_is_tensorflows(tf, bins, rate, low, high):
    spectrograms = np.abs(noise(257 * 3).reshape(2, 3, 257)) * 30
    weights = tf.signal.linear_to_mel_weight_matrix(bins, 257, rate, float(low), float(high))
    mel = tf.tensordot(spectrograms, weights, 1)
    step = LogMel(bins=bins, low_hz=float(low), high_hz=float(high), log="none")
    linear = audio.log_mel(spectrograms, step, rate)
    np.testing.assert_allclose(linear, mel.numpy(), rtol=2e-3, atol=2e-3)
    logged = audio.log_mel(spectrograms, step.model_copy(update={"log": "natural"}), rate)
    np.testing.assert_allclose(logged, np.log(linear + np.float32(1e-6)), rtol=1e-5)


def slow_librosa_filter(index, hertz, edges):
    """One weight of librosa.filters.mel: a triangle in Hz of area 1 (norm='slaney')."""
    left, middle, right = edges[index : index + 3]
    if left <= hertz <= middle:
        height = (hertz - left) / (middle - left)
    elif middle < hertz <= right:
        height = (right - hertz) / (right - middle)
    else:
        height = 0.0
    return height * 2 / (right - left)


def slow_slaney_edges(low, high, count):
    """Linear below 1000 Hz (3 mel for 200 Hz), then 27 mel for each factor of 6.4."""

    def to_mel(hertz):
        return hertz * 3 / 200 if hertz < 1000 else 15 + 27 * np.log(hertz / 1000) / np.log(6.4)

    def to_hertz(mel):
        return mel * 200 / 3 if mel < 15 else 1000 * 6.4 ** ((mel - 15) / 27)

    steps = np.linspace(to_mel(low), to_mel(high), count)
    return [to_hertz(mel) for mel in steps]


def test_slaney_filters_are_librosas():
    step = LogMel(bins=24, low_hz=0.0, high_hz=8000.0, log="none", implementation="librosa")
    filters = audio.log_mel(np.eye(257, dtype=np.float32)[None], step, 16_000)[0]
    edges = slow_slaney_edges(0, 8000, 26)
    slow = [
        [slow_librosa_filter(index, k * 8000 / 256, edges) for index in range(24)]
        for k in range(257)
    ]
    np.testing.assert_allclose(filters, slow, atol=1e-7)


def test_torchaudio_filters_are_triangles_over_hertz_on_the_htk_scale():
    step = LogMel(bins=10, low_hz=100.0, high_hz=4000.0, log="none", implementation="torchaudio")
    filters = audio.log_mel(np.eye(201, dtype=np.float32)[None], step, 16_000)[0]
    mels = np.linspace(2595 * np.log10(1 + 100 / 700), 2595 * np.log10(1 + 4000 / 700), 12)
    edges = 700 * (10 ** (mels / 2595) - 1)
    slow = np.array(
        [[slow_librosa_filter(i, k * 40, edges) * (edges[i + 2] - edges[i]) / 2 for i in range(10)]
         for k in range(201)]
    )  # fmt: skip
    np.testing.assert_allclose(filters, slow, atol=1e-6)


@pytest.mark.parametrize(
    ("log", "expected"), [("natural", np.log(0.5)), ("log10", np.log10(0.5)), ("db", 10 * np.log10(0.5))]
)  # fmt: skip
def test_the_floor_comes_after_the_offset(log, expected):
    step = LogMel(bins=2, low_hz=0.0, high_hz=4000.0, log=log, offset=0.1, floor=0.5)
    bands = audio.log_mel(np.zeros((1, 2, 9)), step, 8000)
    np.testing.assert_allclose(bands, expected, rtol=1e-6)


def test_silence_without_offset_and_floor_has_no_logarithm():
    step = LogMel(bins=2, low_hz=0.0, high_hz=4000.0, offset=0.0)
    assert (audio.log_mel(np.zeros((1, 2, 9)), step, 8000) == -np.inf).all()


def test_bands_above_half_the_rate_are_empty():
    step = LogMel(bins=10, low_hz=0.0, high_hz=8000.0, log="none")
    bands = audio.log_mel(np.ones((1, 1, 65)), step, 4000)
    assert (bands[0, 0, -3:] == 0).all()
    assert (bands[0, 0, :3] > 0).all()


@pytest.mark.parametrize(("bins", "kept"), [(40, 10), (13, 13), (1, 1)])
def test_mfcc_is_tensorflows(tf, bins, kept):
    bands = noise(3 * bins).reshape(2, 3, bins)
    expected = tf.signal.mfccs_from_log_mel_spectrograms(bands).numpy()[..., :kept]
    found = audio.mfcc(bands, Mfcc(coefficients=kept))
    np.testing.assert_allclose(found, expected, atol=2e-6)
    other = audio.mfcc(bands, Mfcc(coefficients=kept, implementation="librosa"))
    np.testing.assert_allclose(other[..., 0] * np.sqrt(2), expected[..., 0], atol=2e-6)
    np.testing.assert_array_equal(other[..., 1:], found[..., 1:])


def test_librosas_dct_is_orthonormal():
    step = Mfcc(coefficients=12, implementation="librosa")
    basis = audio.mfcc(np.eye(12, dtype=np.float32)[None], step)[0]
    np.testing.assert_allclose(basis.T @ basis, np.eye(12), atol=1e-6)


@pytest.mark.parametrize(("rate", "new"), [(44_100, 16_000), (8000, 16_000), (22_050, 16_000)])
def test_resampling_keeps_tones_and_rounds_the_length_up(rate, new):
    pytest.importorskip("soxr", reason="resampling is an extra")
    sounds = np.stack([tone(hertz, rate, 0.5) for hertz in (300, 1000)])
    found = audio.resample(sounds, rate, new)
    assert found.shape == (2, -(-sounds.shape[1] * new // rate))
    inner = slice(500, -500)
    for row, hertz in zip(found, (300, 1000), strict=True):
        np.testing.assert_allclose(row[inner], tone(hertz, new, 0.5)[: len(row)][inner], atol=2e-3)


def test_resampling_removes_what_the_new_rate_cannot_hold():
    pytest.importorskip("soxr", reason="resampling is an extra")
    found = audio.resample(tone(7000, 44_100)[None], 44_100, 8000)
    assert np.abs(found[:, 500:-500]).max() < 1e-3


def test_equal_rates_change_nothing():
    sounds = noise()
    assert audio.resample(sounds, 16_000, 16_000) is sounds


@given(st.integers(1, 40), st.integers(1, 40))
def test_trim_or_pad_keeps_the_start(samples, wanted):
    sounds = noise(samples)
    found = audio.trim_or_pad(sounds, wanted)
    kept = min(samples, wanted)
    assert found.shape == (2, wanted)
    np.testing.assert_array_equal(found[:, :kept], sounds[:, :kept])
    assert not found[:, kept:].any()


def test_mono_is_the_mean_or_the_first_channel():
    stereo = np.array([[[1, 3], [2, -2]]], np.float32)
    np.testing.assert_array_equal(audio.to_mono(stereo, "mean"), [[2, 0]])
    np.testing.assert_array_equal(audio.to_mono(stereo, "first"), [[1, 2]])
    np.testing.assert_array_equal(audio.to_mono(stereo[0], "mean"), stereo[0])


def test_the_peak_becomes_one():
    sounds = np.array([[0.25, -0.5], [0, 0], [0.1, 0.2]], np.float32)
    expected = np.array([[1, -2], [0, 0], [0.5, 1]], np.float32)
    np.testing.assert_allclose(audio.peak_normalize(sounds, "max"), expected)
    absolute = audio.peak_normalize(sounds, "absolute")
    np.testing.assert_allclose(absolute, [[0.5, -1], [0, 0], [0.5, 1]])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: audio.stft(noise(10), Stft(window=20, step=5)), "10 samples are shorter"),
        (lambda: audio.stft(noise().reshape(2, 2, -1), Stft(window=20, step=5)), "stft needs sound"),
        (lambda: audio.frame(noise(9000), Frame(length=8192, step=1, pad="end")), "at most"),
        (lambda: audio.stft(noise(10), Stft(window=30, step=5, pad="center-reflect")), "to mirror"),
        (lambda: audio.log_mel(noise(), LogMel(bins=4, low_hz=0.0, high_hz=9.0), 16), "needs spectr"),
        (lambda: audio.log_mel(noise()[None], LogMel(bins=4, low_hz=0.0, high_hz=9.0), None), "rate is unknown"),
        (lambda: audio.mfcc(noise(), Mfcc(coefficients=1)), "needs log-mel bands"),
        (lambda: audio.mfcc(noise(3)[None], Mfcc(coefficients=4)), "4 coefficients of 3 bands"),
        (lambda: audio.resample(noise(), None, 16_000), "rate is unknown"),
        (lambda: audio.resample(np.zeros((1, 300_000)), 1000, 384_000), "at most"),
        (lambda: audio.to_mono(noise(), "mean")[0] is None or audio.to_mono(np.zeros(3), "first"), "needs sound"),
    ],
)  # fmt: skip
def test_what_does_not_fit_a_step_is_named(call, words):
    with pytest.raises(DatasetUnreadable) as caught:
        call()
    assert words in caught.value.message
    assert caught.value.hint
