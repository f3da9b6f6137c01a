import io
import struct
import time
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wav_writer import chunk, extensible, form, riff, tone, wav16

from edgecheck.errors import DatasetUnreadable
from edgecheck.preprocess import wav
from edgecheck.preprocess.wav import decode_wav

CODES = {8: [0, 1, 128, 255], 16: [-32768, -1, 0, 32767], 24: [-8388608, -1, 0, 8388607],
         32: [-(2**31), -256, 0, 2**31 - 256]}  # fmt: skip


def stored(codes, bits):
    """Little-endian integers; those of 8 bits are unsigned."""
    return b"".join(code.to_bytes(bits // 8, "little", signed=bits > 8) for code in codes)


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
@pytest.mark.parametrize("header", [form, lambda *a: extensible(*a, tag=1)])
def test_integers_are_divided_by_half_their_range(bits, header):
    sound = decode_wav(riff(header(44_100, 2, bits), chunk(b"data", stored(CODES[bits], bits))))
    shift = 128 if bits == 8 else 0
    expected = [(code - shift) / 2 ** (bits - 1) for code in CODES[bits]]
    assert (sound.rate, sound.channels, sound.bits) == (44_100, 2, bits)
    assert sound.values.dtype == np.float32
    np.testing.assert_array_equal(sound.values, np.reshape(expected, (2, 2)))


@pytest.mark.parametrize("bits", [32, 64])
def test_floats_are_taken_as_they_are(bits):
    values = np.array([0.25, -3.0, np.nan, np.inf], f"<f{bits // 8}")
    sound = decode_wav(riff(form(8000, 1, bits, tag=3), chunk(b"data", values.tobytes())))
    np.testing.assert_array_equal(sound.values[:, 0], values.astype(np.float32))
    assert sound.seconds == 4 / 8000


def test_float64_beyond_float32_becomes_infinite():
    body = np.array([1e300], "<f8").tobytes()
    assert decode_wav(riff(form(8000, 1, 64, tag=3), chunk(b"data", body))).values[0, 0] == np.inf


@pytest.mark.parametrize("channels", [1, 2])
def test_16_bits_are_tensorflows(channels):
    tf = pytest.importorskip("tensorflow", reason="tensorflow is the oracle here")
    values = np.random.default_rng(0).uniform(-1, 1, (400, channels))
    encoded = wav16(values, 22_050)
    expected = tf.audio.decode_wav(encoded)
    sound = decode_wav(encoded)
    np.testing.assert_array_equal(sound.values, expected.audio.numpy())
    assert sound.rate == int(expected.sample_rate)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_files_of_the_standard_library_are_read(width):
    body = np.random.default_rng(1).integers(0, 256, 60 * width, np.uint8).tobytes()
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(3)
        file.setsampwidth(width)
        file.setframerate(11_025)
        file.writeframes(body)
    sound = decode_wav(buffer.getvalue())
    assert sound.values.shape == (20, 3)
    assert (sound.rate, sound.bits) == (11_025, 8 * width)


def test_other_chunks_odd_sizes_and_any_order_are_skipped():
    data, head = chunk(b"data", b"\x00\x40"), form(16_000, 1, 16)
    noise = chunk(b"LIST", b"odd")
    for order in ((noise, head, noise, data, noise), (data, noise, head)):
        np.testing.assert_array_equal(decode_wav(riff(*order)).values, [[0.5]])


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_recording_of_unknown_size_ends_with_the_file(size):
    data = b"data" + struct.pack("<I", size) + b"\x00\x40" * 5
    assert len(decode_wav(riff(form(16_000, 1, 16), data)).values) == 5


def test_a_last_incomplete_sample_is_dropped():
    data = chunk(b"data", b"\x00\x40\x00\x40\x01")
    assert len(decode_wav(riff(form(16_000, 1, 16), data)).values) == 2


def test_a_file_that_is_cut_short_says_how_much_is_missing():
    encoded = wav16(tone(440))[:-1000]
    with pytest.raises(DatasetUnreadable, match="1000 of the 32000 bytes of its `data` chunk"):
        decode_wav(encoded)


@pytest.mark.parametrize(
    ("encoded", "words"),
    [
        (b"", "0 bytes start with nothing"),
        (b"RIFX\0\0\0\0WAVE", "not a .wav file"),
        (b"\x89PNG\r\n\x1a\n" * 3, "start with 89 50 4e 47"),
        (riff(chunk(b"data", b"12")), "no `fmt ` chunk"),
        (riff(form(16_000, 1, 16)), "no `data` chunk"),
        (riff(form(16_000, 1, 16), chunk(b"data", b"")), "no samples"),
        (riff(chunk(b"fmt ", b"\1\0")), "expected 16 or more"),
        (riff(form(8000, 1, 8, tag=7), chunk(b"data", b"12")), "mu-law of 8 bits"),
        (riff(form(8000, 1, 4, tag=2), chunk(b"data", b"12")), "Microsoft ADPCM"),
        (riff(form(8000, 1, 12), chunk(b"data", b"12")), "PCM of 12 bits"),
        (riff(form(8000, 1, 16, tag=0x1234), chunk(b"data", b"12")), "format 0x1234"),
        (riff(form(8000, 0, 16), chunk(b"data", b"12")), "0 channels at 8000 Hz"),
        (riff(form(3, 1, 16), chunk(b"data", b"12")), "1 channels at 3 Hz"),
        (riff(form(16_000, 1, 16)[:-4] + b"\3\0\20\0", chunk(b"data", b"12")), "claims 3 bytes"),
    ],
)
def test_what_cannot_be_read_is_named(encoded, words):
    with pytest.raises(DatasetUnreadable) as caught:
        decode_wav(encoded)
    assert words in caught.value.message
    assert caught.value.hint


def test_a_recording_that_is_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(wav, "MAX_VALUES", 1000)
    with pytest.raises(DatasetUnreadable, match="at most 1000 values"):
        decode_wav(wav16(np.zeros((501, 2))))


def test_millions_of_chunks_take_no_time():
    start = time.perf_counter()
    with pytest.raises(DatasetUnreadable, match="no `fmt ` chunk"):
        decode_wav(b"RIFF\0\0\0\0WAVE" + b"\0" * (8 << 20))
    assert time.perf_counter() - start < 1


@given(st.binary(max_size=200), st.integers(0, 60), st.booleans())
def test_damaged_files_never_raise_anything_else(noise, at, is_inserted):
    whole = wav16(tone(440, seconds=0.002))
    encoded = whole[:at] + noise + whole[at if is_inserted else at + len(noise) :]
    try:
        values = decode_wav(encoded).values
    except DatasetUnreadable:
        return
    assert values.ndim == 2
    assert values.size
