"""What a step may know about the values that reach it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Context:
    """The place of a step in its pipeline."""

    channel_axis: int
    """Axis of (n, ...) that holds the channels."""
    rate: int | None = None
    """Sample rate of audio at this step, in Hz; None where it is unknown or no audio."""
