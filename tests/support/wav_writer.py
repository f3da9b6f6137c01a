""".wav files for tests, byte by byte, so that they do not depend on the reader's own library."""

import struct

import numpy as np

from edgecheck.tensors import Array


def chunk(name: bytes, body: bytes) -> bytes:
    """One RIFF chunk, padded to an even size."""
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def riff(*chunks: bytes) -> bytes:
    """A WAVE file of these chunks."""
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def form(rate: int, channels: int, bits: int, tag: int = 1) -> bytes:
    """A `fmt ` chunk."""
    align = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * align, align, bits))


def extensible(rate: int, channels: int, bits: int, tag: int) -> bytes:
    """A `fmt ` chunk of WAVE_FORMAT_EXTENSIBLE."""
    align = channels * bits // 8
    head = struct.pack("<HHIIHH", 0xFFFE, channels, rate, rate * align, align, bits)
    identifier = struct.pack("<H", tag) + bytes.fromhex("000000001000800000aa00389b71")
    return chunk(b"fmt ", head + struct.pack("<HHI", 22, bits, 0) + identifier)


def wav16(values: Array, rate: int = 16_000) -> bytes:
    """16-bit PCM of values in [-1, 1), shape (samples,) or (samples, channels)."""
    channels = 1 if values.ndim == 1 else values.shape[1]
    codes = np.clip(np.round(values * 32768), -32768, 32767).astype("<i2")
    return riff(form(rate, channels, 16), chunk(b"data", codes.tobytes()))


def tone(hertz: float, rate: int = 16_000, seconds: float = 1.0, level: float = 0.5) -> Array:
    """A sine, float64 (samples,)."""
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
