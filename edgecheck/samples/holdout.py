"""How many samples ranges are chosen from, so that enough others are left to prove the result."""

from typing import Final

from edgecheck.errors import UnusableError, UsageError

MOST_CALIBRATED: Final = 200
LEAST_CALIBRATED: Final = 10
LEAST_UNSEEN: Final = 20


class TooFewSamples(UnusableError):
    """Not enough to calibrate on and to judge the result by."""


def calibration_count(samples: int, wanted: int | None, *, otherwise: str = "") -> int:
    """How many of the samples to calibrate on: as wanted, else half, at most 200.

    Args:
        samples: how many there are.
        wanted: None leaves the number open.
        otherwise: what to do without calibration, as the end of a hint.

    Raises:
        TooFewSamples: fewer than any number could be calibrated on and judged by.
        UsageError: the wanted number leaves too few on either side.
    """
    most = samples - LEAST_UNSEEN
    if most < LEAST_CALIBRATED:
        raise TooFewSamples(
            f"there are {samples} samples: {LEAST_CALIBRATED} at least to calibrate on, and "
            f"{LEAST_UNSEEN} others to prove the result on, are needed",
            hint=f"give more samples in `dataset.path`, or raise `limit`{otherwise}",
        )
    count = wanted or min(MOST_CALIBRATED, samples // 2, most)
    if not LEAST_CALIBRATED <= count <= most:
        raise UsageError(
            f"--calibrate {count} of {samples} samples",
            hint=f"give {LEAST_CALIBRATED} to {most}: {LEAST_UNSEEN} at least must stay unseen",
        )
    return count
