"""Encoded .wav files to sound, with a small reader of our own.

A RIFF file is "RIFF", a size, "WAVE", then chunks: four characters, a size, the bytes, and one
more where the size is odd. `fmt ` says what the numbers in `data` are. Source: the Multimedia
Programming Interface and Data Specifications 1.0 (IBM and Microsoft, 1991), and Microsoft's
documentation of WAVE_FORMAT_EXTENSIBLE.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from edgecheck.errors import DatasetUnreadable
from edgecheck.tensors import Array

PCM, FLOAT, EXTENSIBLE = 0x0001, 0x0003, 0xFFFE

COMPRESSED: Mapping[int, str] = {
    0x0002: "Microsoft ADPCM",
    0x0006: "A-law",
    0x0007: "mu-law",
    0x0011: "IMA ADPCM",
    0x0031: "GSM 6.10",
    0x0055: "MP3",
}
"""Format tags that are met in .wav files and are not plain numbers."""

SUBFORMAT_END = bytes.fromhex("000000001000800000aa00389b71")
"""The last 14 bytes of an extensible format's identifier; the first two are the format tag."""

RATES = (1000, 384_000)
"""Lowest and highest sample rate that is believed, Hz."""

MAX_CHANNELS = 64
MAX_VALUES = 1 << 26
"""Numbers in one file, over all channels: more than an hour at 16 kHz."""

MAX_CHUNKS = 1000
"""Chunks that are looked through for `fmt ` and `data`."""

UNKNOWN_SIZES = frozenset({0, 0x7FFFFFFF, 0xFFFFFFFF})
"""Sizes of a data chunk by which programs that write to a pipe say that they do not know it."""


@dataclass(frozen=True)
class Sound:
    """A decoded file."""

    values: Array
    """float32 (samples, channels), in [-1, 1] for integer formats."""
    rate: int
    """Samples per second."""
    channels: int
    bits: int
    """Of one stored number."""

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self.values) / self.rate


@dataclass(frozen=True)
class _Format:
    tag: int
    channels: int
    rate: int
    bits: int


def decode_wav(encoded: bytes) -> Sound:
    """The samples of a .wav file; integers of b bits are divided by 2**(b - 1).

    So 16 bits are as in `tf.audio.decode_wav`, and 8 bits, which are stored unsigned, are first
    moved by 128. Floating-point samples are taken as they are (NaN too), as float32.

    Raises:
        DatasetUnreadable: not a RIFF/WAVE file, compressed, cut short, without samples, or longer
            than `MAX_VALUES`.
    """
    chunks = _chunks(encoded)
    if "fmt " not in chunks:
        raise _broken("it has no `fmt ` chunk")
    form = _format(chunks["fmt "])
    if "data" not in chunks:
        raise _broken("it has no `data` chunk")
    body = chunks["data"]
    width = form.bits // 8 * form.channels
    count = len(body) // width
    if count == 0:
        raise _broken("it holds no samples")
    if count * form.channels > MAX_VALUES:
        raise DatasetUnreadable(
            f"the file holds {count} samples of {form.channels} channels, "
            f"{count / form.rate:.0f} s; at most {MAX_VALUES} values can be read",
            hint="Cut the recording into clips.",
        )
    with np.errstate(over="ignore"):
        values = _DECODERS[form.tag, form.bits](body[: count * width])
    return Sound(values.reshape(count, form.channels), form.rate, form.channels, form.bits)


def _chunks(encoded: bytes) -> dict[str, bytes]:
    """The first `fmt ` and `data` chunk."""
    if len(encoded) < 12 or encoded[:4] != b"RIFF" or encoded[8:12] != b"WAVE":
        raise _no_wav(encoded)
    found: dict[str, bytes] = {}
    at = 12
    for _ in range(MAX_CHUNKS):
        if at + 8 > len(encoded) or len(found) == 2:
            break
        name, size = struct.unpack_from("<4sI", encoded, at)
        if name == b"data" and size in UNKNOWN_SIZES:
            size = len(encoded) - at - 8
        missing = at + 8 + size - len(encoded)
        if name in {b"fmt ", b"data"}:
            if missing > 0:
                raise _cut_short(name.decode(), size, missing)
            found.setdefault(name.decode(), encoded[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    return found


def _format(chunk: bytes) -> _Format:
    """The content of a `fmt ` chunk, believed only as far as it makes sense."""
    if len(chunk) < 16:
        raise _broken(f"its `fmt ` chunk has {len(chunk)} bytes, expected 16 or more")
    tag, channels, rate, _, align, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == EXTENSIBLE and len(chunk) >= 40 and chunk[26:40] == SUBFORMAT_END:
        tag = int.from_bytes(chunk[24:26], "little")
    if (tag, bits) not in _DECODERS:
        raise _unsupported(tag, bits)
    if not 1 <= channels <= MAX_CHANNELS or not RATES[0] <= rate <= RATES[1]:
        raise _broken(f"it claims {channels} channels at {rate} Hz")
    if align != channels * bits // 8:
        raise _broken(
            f"it claims {align} bytes for {channels} channels of {bits} bits, "
            f"expected {channels * bits // 8}"
        )
    return _Format(tag, channels, rate, bits)


def _integers(dtype: str, full: int, zero: int = 0) -> Callable[[bytes], Array]:
    def decoded(body: bytes) -> Array:
        values = np.frombuffer(body, dtype).astype(np.float32)
        return np.asarray((values - np.float32(zero)) / np.float32(full))

    return decoded


def _three_bytes(body: bytes) -> Array:
    """24-bit integers: the upper three bytes of 32 bits, so the sign comes out right."""
    wide = np.zeros((len(body) // 3, 4), np.uint8)
    wide[:, 1:] = np.frombuffer(body, np.uint8).reshape(-1, 3)
    values: Array = wide.view("<i4")[:, 0].astype(np.float32) / np.float32(1 << 31)
    return values


def _floats(dtype: str) -> Callable[[bytes], Array]:
    return lambda body: np.frombuffer(body, dtype).astype(np.float32)


_DECODERS: Mapping[tuple[int, int], Callable[[bytes], Array]] = {
    (PCM, 8): _integers("u1", 1 << 7, zero=1 << 7),
    (PCM, 16): _integers("<i2", 1 << 15),
    (PCM, 24): _three_bytes,
    (PCM, 32): _integers("<i4", 1 << 31),
    (FLOAT, 32): _floats("<f4"),
    (FLOAT, 64): _floats("<f8"),
}
"""(format tag, bits) -> the bytes of a data chunk as float32 (values,)."""


def _no_wav(encoded: bytes) -> DatasetUnreadable:
    start = encoded[:12].hex(" ") or "nothing"
    return DatasetUnreadable(
        f"not a .wav file: its {len(encoded)} bytes start with {start}, expected RIFF....WAVE",
        hint="Replace or remove the file, or convert it to .wav (PCM).",
    )


def _broken(what: str) -> DatasetUnreadable:
    return DatasetUnreadable(
        f"the .wav file is damaged: {what}", hint="Replace or remove the file."
    )


def _cut_short(name: str, size: int, missing: int) -> DatasetUnreadable:
    return DatasetUnreadable(
        f"the .wav file is cut short: {missing} of the {size} bytes of its `{name}` chunk "
        "are missing",
        hint="Copy the file again, or remove it.",
    )


def _unsupported(tag: int, bits: int) -> DatasetUnreadable:
    kind = COMPRESSED.get(tag, {PCM: "PCM", FLOAT: "floating point"}.get(tag, f"format {tag:#06x}"))
    return DatasetUnreadable(
        f"the .wav file holds {kind} of {bits} bits, which cannot be read",
        hint="Convert it to PCM of 8, 16, 24 or 32 bits, or to 32-bit floating point.",
    )
