"""What the stored files of an input look like, counted while they are decoded."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Survey:
    """Properties of stored files that preprocessing hides. Empty for arrays."""

    files: int = 0
    modes: Counter[str] = field(default_factory=Counter)
    """Images: Pillow mode as stored ("L", "RGB", "RGBA", "P", "I;16", ...) -> files."""
    orientations: Counter[int] = field(default_factory=Counter)
    """Images: EXIF orientation -> files; files that are upright (1, or no tag) are not counted."""
    turned_example: str = ""
    """Id of the first file with an orientation other than 1."""
    off_aspect: int = 0
    """Images: files whose width / height differs by more than 20 % from that of the first
    `resize` step, in either direction; 0 without such a step."""
    off_aspect_example: str = ""
    colourless: int = 0
    """Images decoded as RGB whose three channels are equal everywhere."""
    rates: Counter[int] = field(default_factory=Counter)
    """Audio: sample rate in Hz as stored -> files."""
    channels: Counter[int] = field(default_factory=Counter)
    """Audio: channels as stored -> files."""
    shortest_s: float = float("inf")
    longest_s: float = 0.0
    """Audio: seconds."""
