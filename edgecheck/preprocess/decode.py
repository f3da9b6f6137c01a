"""Encoded image files to pixels, with Pillow."""

import io
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgecheck.errors import DatasetUnreadable
from edgecheck.preprocess.undecodable import undecodable
from edgecheck.tensors import Array

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")

WIDE_MODES = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N"})
"""Gray of more than 8 bits. 16-bit colour is cut to its high byte by Pillow itself."""

ORIENTATION_TAG = 0x0112
UPRIGHT: Mapping[int, Callable[[Array], Array]] = {
    2: np.fliplr,
    3: lambda pixels: np.rot90(pixels, 2),
    4: np.flipud,
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.rot90(pixels, 2).swapaxes(0, 1),
    8: np.rot90,
}
"""EXIF orientation -> what undoes it, on (H, W, C); 1 is upright."""


@dataclass(frozen=True)
class Decoded:
    """One image, and how it was stored."""

    pixels: Array
    """(H, W, C), uint8, or uint16 for a depth of 16."""
    mode: str
    """Pillow's mode of the file: "L", "RGB", "RGBA", "P", "I;16", ..."""
    orientation: int
    """Of the EXIF tag, 1 to 8; 1 (upright) where there is none that can be read."""


def decode(encoded: bytes, color: str, exif: str, depth: int = 8) -> Decoded:
    """Pixels of an image file (the first frame of an animation), as training pipelines read it.

    Without RGBA, alpha is dropped, not composited, as `Image.convert("RGB")` does: a transparent
    pixel shows its stored colour. JPEG pixels are those of Pillow; TensorFlow's default decoder
    (`tf.io.decode_jpeg`) differs, by up to 5 codes and 1 on average on a smooth noise image.

    Args:
        encoded: the bytes of a PNG, JPEG, BMP, GIF, WebP or TIFF file.
        color: RGB, RGBA (opaque where the file has no alpha) or L (ITU-R 601 luma, rounded).
        exif: apply turns the image upright by its orientation tag; ignore leaves it as stored
            (Pillow turns TIFF files regardless, as it loads them).
        depth: bits a channel. 8: 16-bit images are cut to their high byte. 16, for L only: they
            keep 0..65535, and 8-bit images are multiplied by 257. Both are what
            `tf.io.decode_png` does; Pillow's own `convert` would clip gray at 255 instead.

    Returns:
        uint8 (uint16 for a depth of 16) (H, W, 3) for RGB, (H, W, 4) for RGBA, (H, W, 1) for L.

    Raises:
        DatasetUnreadable: empty, not an image, truncated, of floats or of integers beyond 16 bits,
            16-bit colour at a depth of 16, or larger than Pillow's decompression bomb limit.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # e.g. corrupt metadata that does not touch the pixels
        try:
            return _decoded(encoded, color, exif, depth)
        except DatasetUnreadable:
            raise
        except Exception as error:  # hostile bytes make Pillow raise nearly anything
            raise undecodable(encoded, error, FORMATS) from error


def _decoded(encoded: bytes, color: str, exif: str, depth: int) -> Decoded:
    from PIL import Image

    warnings.simplefilter("error", Image.DecompressionBombWarning)
    image = Image.open(io.BytesIO(encoded), formats=FORMATS)
    mode, is_tiff = image.mode, image.format == "TIFF"
    if depth == 16:
        _require_whole_depth(image)
    # Pillow turns TIFF files upright as it loads them, and newer ones drop the tag then; in PNG
    # files the tag may come after the pixels.
    orientation = _orientation(image) if is_tiff else 1
    image.load()
    if not is_tiff:
        orientation = _orientation(image)
    pixels = _pixels(image, color, depth)
    if exif == "apply" and not is_tiff and orientation in UPRIGHT:
        pixels = UPRIGHT[orientation](pixels)
    return Decoded(pixels, mode, orientation)


def _orientation(image: "Image") -> int:
    try:
        value: object = image.getexif().get(ORIENTATION_TAG, 1)
    except Exception:  # noqa: BLE001  (a damaged tag leaves the image as it is stored)
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _require_whole_depth(image: "ImageFile") -> None:
    """No 16-bit channels that Pillow would cut to 8 bits on loading."""
    stored = image.tile[0][3] if image.tile else ""
    raw_mode = str(stored[0] if isinstance(stored, tuple) else stored)
    if "16" in raw_mode and image.mode not in WIDE_MODES:
        raise DatasetUnreadable(
            f"has several channels of 16 bits ({raw_mode}); `depth: 16` reads one gray channel",
            hint="Save the images as 16-bit gray, or the samples as a .npy array.",
        )


def _pixels(image: "Image", color: str, depth: int) -> Array:
    if image.mode == "F":
        raise DatasetUnreadable(
            "has floating-point pixels (Pillow mode F), which `decode` cannot turn into codes",
            hint="Save the samples as a .npy array.",
        )
    if image.mode in WIDE_MODES:
        return _from_wide(np.asarray(image), color, depth)
    pixels = np.asarray(image.convert(color))
    if depth == 16:
        pixels = pixels.astype(np.uint16) * np.uint16(257)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def _from_wide(values: Array, color: str, depth: int) -> Array:
    """Pixels of a gray image (H, W) of more than 8 bits."""
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 65535:
        raise DatasetUnreadable(
            f"has values from {low} to {high}, which do not fit 16 bits (0 to 65535)",
            hint="Save the samples as a .npy array.",
        )
    if depth == 16:
        return values.astype(np.uint16)[:, :, None]
    gray = (values >> 8).astype(np.uint8)
    if color == "L":
        return gray[:, :, None]
    opaque = [np.full_like(gray, 255)] if color == "RGBA" else []
    return np.stack([gray, gray, gray, *opaque], axis=2)
