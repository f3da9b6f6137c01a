"""Why the bytes of a file do not decode as an image, in plain words."""

import re
from collections.abc import Sequence

from edgecheck.errors import DatasetUnreadable


def undecodable(encoded: bytes, error: Exception, formats: Sequence[str]) -> DatasetUnreadable:
    """The error for a file that Pillow did not decode; its message follows a file name.

    Args:
        encoded: all bytes of the file.
        error: what Pillow raised.
        formats: the formats that can be read.
    """
    return DatasetUnreadable(
        _reason(encoded, error),
        hint=f"Replace or remove the file; {', '.join(formats)} can be read.",
    )


def _reason(encoded: bytes, error: Exception) -> str:
    from PIL import Image, UnidentifiedImageError

    if not encoded:
        return "is empty (0 bytes)"
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        pixels = re.search(r"\d+", str(error))
        found = f"{pixels[0]} pixels" if pixels else "too many pixels"
        return f"has {found}, and at most {Image.MAX_IMAGE_PIXELS} are decoded"
    if _is_cut_short(encoded, error):
        return f"is truncated: the image does not end within its {len(encoded)} bytes"
    start = f"{len(encoded)} bytes that start with {encoded[:8].hex(' ')}"
    # This error only repeats that, with the address of a Python object.
    words = "" if isinstance(error, UnidentifiedImageError) else _words(error)
    return f"cannot be decoded as an image ({start}){words}"


def _words(error: Exception) -> str:
    return f": {type(error).__name__}: {str(error)[:200]}"


def _is_cut_short(encoded: bytes, error: Exception) -> bool:
    """By Pillow's own words, the missing end mark of a PNG, or a promised size beyond the end."""
    if "truncated" in str(error).lower():
        return True
    if encoded.startswith(b"\x89PNG"):
        return b"IEND" not in encoded
    promised = 0
    if encoded.startswith(b"RIFF") and encoded[8:12] == b"WEBP":
        promised = int.from_bytes(encoded[4:8], "little") + 8
    if encoded.startswith(b"BM"):
        promised = int.from_bytes(encoded[2:6], "little")
    return promised > len(encoded)
