"""Every limit that a check judges by, in one place.

Sources: measurements on published models, healthy and broken, and the practice of other tools.
The limits of parity are defaults; the spec's `tolerances` replace the error column.
"""

from dataclasses import dataclass
from typing import Final

MIN_DISTINCT_INPUTS: Final = 20
"""Collapse is judged on no fewer different inputs."""

COLLAPSE_SHARE_EXCESS: Final = 0.3
"""Share of the top class beyond that of the reference and of the labels."""

ZERO_SHARE: Final = 0.99
"""Share of samples whose every value is zero."""

DISTINCT_RATIO: Final = 0.02
"""Distinct output rows of the candidate for each of the reference."""

FLOAT_CONSTANT: Final = 1e-6
"""Relative movement below which a float output counts as constant."""

LSB_CONSTANT: Final = 1.5
"""Movement in LSBs below which an integer output counts as constant: one code up or down, with
room for the rounding of float32."""

DUPLICATES_WARNING: Final = 0.05
"""Share of samples that repeat another; fewer are only noted."""

SINGLE_CLASS_SHARE: Final = 0.9
"""Share of one label, or of the reference's top class, that makes a dataset one-sided."""

LOST_GAIN: Final = 0.2
"""Share of the way from naming the commonest label to perfection below which a model guesses."""

COVERAGE_ERROR: Final = 0.6
COVERAGE_WARNING: Final = 0.9
"""Share of the expected input range that the input tensor can represent. Healthy published files
go down to 0.83; wrong preprocessing in calibration halves it or worse."""

CLIP_ERROR: Final = 0.10
CLIP_WARNING: Final = 0.01
"""Share of input values outside the representable range."""

WIDTH_WARNING: Final = 2.0
WIDTH_WARNING_DATA: Final = 4.0
"""Representable width for each expected one; looser where only the data say what is expected."""

LEVELS_ERROR: Final = 8
"""Codes that the expected input range is spread over."""

PROMISE_ERROR: Final = 0.10
PROMISE_WARNING: Final = 0.01
"""Overshoot of the data beyond the spec's range, for each width of it."""

PROMISE_RAW: Final = 10.0
"""Largest absolute value for each promised one: so far off are raw pixels."""

PROMISE_USED: Final = 0.55
"""Share of the promised range that the data use; [0, 1] in [-1, 1] uses half."""


@dataclass(frozen=True)
class Limit:
    """When a parity metric is a warning and when an error."""

    warning: float
    error: float
    higher_is_better: bool


PARITY: Final[dict[str, Limit]] = {
    "agreement": Limit(0.93, 0.85, higher_is_better=True),
    "sqnr_db": Limit(20.0, 10.0, higher_is_better=True),
    "cosine_p5": Limit(0.90, 0.50, higher_is_better=True),
    "kl_median": Limit(0.05, 0.2, higher_is_better=False),
}

ACCURACY_DROP_ERROR: Final = 0.03
ACCURACY_DROP_WARNING: Final = 0.01
P_ERROR: Final = 0.01
P_WARNING: Final = 0.05
"""Significance of the paired test; a tolerance that the spec sets itself is judged at P_WARNING."""
