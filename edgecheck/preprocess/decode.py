"""Encoded image files to pixels, with Pillow."""

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np

from edgecheck.errors import DatasetUnreadable
from edgecheck.tensors import Array

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")

WIDE_MODES = frozenset({"I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
"""Modes of more than 8 bits a channel. (Pillow itself cuts 16-bit colour PNGs down to 8 bits.)"""

ORIENTATION_TAG = 0x0112
ORIENTATIONS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
"""EXIF orientation -> the name in `PIL.Image.Transpose` that undoes it (`exif_transpose`)."""


def decode(encoded: bytes, color: str, exif: str) -> Array:
    """Pixels of an image file (the first frame of an animation), as training pipelines read it.

    Without RGBA, alpha is dropped, not composited, as `Image.convert("RGB")` does: a transparent
    pixel shows its stored colour. JPEG pixels are those of Pillow; TensorFlow's default decoder
    (`tf.io.decode_jpeg`) differs, by up to 5 codes and 1 on average on a smooth noise image.

    Args:
        encoded: the bytes of a PNG, JPEG, BMP, GIF, WebP or TIFF file.
        color: RGB, RGBA (opaque where the file has no alpha) or L (ITU-R 601 luma, rounded).
        exif: apply turns the image upright by its orientation tag; ignore leaves it as stored
            (Pillow turns TIFF files regardless, as it loads them).

    Returns:
        uint8 (H, W, 3) for RGB, (H, W, 4) for RGBA, (H, W, 1) for L.

    Raises:
        DatasetUnreadable: not an image, truncated, more than 8 bits a channel, or so large that
            Pillow's decompression bomb limit refuses it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # e.g. corrupt metadata that does not touch the pixels
        try:
            image = _load(encoded)
            # TIFF is upright already; Pillow 9.4 keeps its tag, which would turn it twice.
            if exif == "apply" and image.format != "TIFF":
                image = _upright(image)
            pixels = np.asarray(image.convert(color))
        except DatasetUnreadable:
            raise
        except Exception as error:  # hostile bytes make Pillow raise nearly anything
            raise _unreadable(encoded, error) from error
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def _load(encoded: bytes) -> "Image":
    from PIL import Image

    warnings.simplefilter("error", Image.DecompressionBombWarning)
    image = Image.open(io.BytesIO(encoded), formats=FORMATS)
    if image.mode in WIDE_MODES:
        raise DatasetUnreadable(
            f"the image has more than 8 bits a channel (Pillow mode {image.mode}), "
            "which is not supported yet",
            hint="Save the images with 8 bits a channel, or the samples as a .npy array.",
        )
    image.load()
    return image


def _upright(image: "Image") -> "Image":
    from PIL import Image

    name = ORIENTATIONS.get(image.getexif().get(ORIENTATION_TAG, 1))
    return image if name is None else image.transpose(Image.Transpose[name])


def _unreadable(encoded: bytes, error: Exception) -> DatasetUnreadable:
    return DatasetUnreadable(
        f"cannot be decoded as an image ({len(encoded)} bytes that start with "
        f"{encoded[:8].hex(' ') or 'nothing'}): {type(error).__name__}: {str(error)[:200]}",
        hint=f"Replace or remove the file; {', '.join(FORMATS)} can be read.",
    )
