"""The limits by which something that was tried is judged: trials, dumps explained, new ranges.

Those by which checks judge what a run showed are in `thresholds.py`. Where no source is named, a limit
is a choice; `scripts/fault_benchmark.py` measures how often the answers that it gives are right.
"""

from typing import Final

# -- trials: samples fed otherwise ---------------------------------------------------------------

TRIAL_SAMPLES: Final = 20
TRIAL_GOOD: Final = 0.9
TRIAL_DISAGREES_DB: Final = 10.0
"""Trials are made where so many samples tell, and fewer than that share of them is right, or the same
in both models (of explained variance for values; or the SQNR of the two is below the third)."""

TRIAL_RESTORED: Final = 0.9
TRIAL_ACCIDENT: Final = 1e-3
"""Share of right answers after which nothing else is tried, if McNemar's exact test gives less."""

TRIAL_GAIN: Final = 0.1
TRIAL_P: Final = 0.001
"""Other steps are named if so many more of the samples come out right with them, as a share, and
McNemar's exact test gives less than this; some thirty of them are tried."""

TRIAL_TIE: Final = 0.03
"""Share of the samples by which one change must be better than another to be told from it."""

ORDER_GAIN: Final = 0.2
"""The same share for labels in another order; each half of the samples is read in the order that
the other half chose, so that chance gains nothing."""

TRIAL_AGREES: Final = 0.8
"""Share of samples for which two models, each fed as it needs, name the same class; below it they
differ in more than their steps."""

ANSWER_AGREES: Final = 0.1
"""A value is right up to this mean squared error, for each that an answer which never moves would
make: 10 dB, the error limit of SQNR."""

# -- match: is a dump right? ---------------------------------------------------------------------

KERNEL_LSB: Final = 2.0
KERNEL_RELATIVE: Final = 1e-3
"""How far a healthy answer may be from the host's: codes; of floats, for each of the largest value,
float16 delegates included."""

SAME_SHARE: Final = 0.9
"""Of samples that must be the same: kernels of two runtimes may round a few others apart."""

FEWEST_DIFFERENT: Final = 3
"""Samples that have to differ before what explains them is named; of fewer, all."""

FEWEST_DISTINCT: Final = 3
"""Distinct values, or samples, below which anything fits."""

RERUN_DB: Final = 10.0
"""By which an answer must be nearer than those to the right inputs to be worth a word."""

REACH_MARGIN: Final = 2.0
REACH_FARTHEST: Final = 1 / 8
"""How far healthy answers may lie: times what other roundings of the inputs did, since those of a
device are others; and for each of an output's width, beyond which nearness tells nothing."""

MOSTLY_BROKEN: Final = 0.5
"""Share of an input's values that are no numbers, from which on nothing else can be told."""

# -- match: does a mistake explain an input? -----------------------------------------------------

EXACT_LSB: Final = 0.5
EXACT_RELATIVE: Final = 1e-3
PIXEL_STEP: Final = 1 / 255
LINE_SLACK: Final = 0.02
"""An element is exact within so many codes, or so much of the width of the range; nearly so within
the rounding of a resized picture to whole pixels besides. A fitted line may be off by the last, for
each of these."""

NEAR_DOUBTED: Final = 0.9
NEAR_DISTINCT: Final = 16
NEAR_SPREAD: Final = 4.0
"""A share of near elements beyond the first is evidence only where there are so many values, and their
deviation is so many tolerances."""

HYPOTHESIS_GOOD: Final = 0.995
HYPOTHESIS_ALL: Final = 0.9999
HYPOTHESIS_HOLDS: Final = 0.98
HYPOTHESIS_EQUAL: Final = 0.0005
"""Share of elements that an explanation makes of the probe; of dull data, which many explain; of all
elements afterwards; and by how much two are as good as each other."""

MISTAKE_PENALTY: Final = 1.5
"""By which a mistake has to make less what is left, to bring a hypothesis nearer."""

ROWS_ALIKE: Final = 0.9
ROWS_BETTER: Final = 0.02
ROWS_STALE: Final = 0.99
"""Correlation at which rows are those of one sample, and by which another order or geometry has to be
more alike; share of the elements of a row that must be those of the sample before."""

# -- new activation ranges -----------------------------------------------------------------------

GAIN_DB: Final = 1.0
"""Below this a new file is not worth shipping."""

RANGES_SAME_DB: Final = 0.5
RUNTIMES_SAME_DB: Final = 3.0
"""Between methods: the wider ranges are taken, which are the safer ones for what is yet to come. And
between runtimes, whose kernels round differently."""
