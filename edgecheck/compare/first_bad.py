"""Where a walk first finds more damage than what came in can explain.

The limits are from published models. Operators of soundly calibrated ones have an isolated SQNR of
28 dB and more, most of them 35 to 50; those that ruined a file had 7 to 21 dB. Clipping alone says
little: a few white pixels beyond the last code clip 1.4 % of an input and cost nothing (47 dB), and
a softmax always rounds its 1.0 down. Nor does the drop from the inputs alone: a MAX_POOL picks what
was clipped before it and loses 5 dB without any error of its own. So the own error decides, and
clipping or a drop says that it is this operator's.
"""

from collections.abc import Sequence
from math import inf, isnan
from typing import Final

from edgecheck.compare.layer_statistics import LayerStatistics

OWN_ERROR_DB: Final = 25.0
"""An operator whose own error is smaller is sound."""
DROP_DB: Final = 10.0
"""Below its inputs by so much, the damage is new."""
SOUND_DB: Final = 25.0
LOST_DB: Final = 15.0
"""What is read with more than the first and written with less than the second is lost here."""
CLIPPED: Final = 0.01
"""Share of clipped values from which on a bad operator is bad whatever came in."""


def first_bad(layers: Sequence[LayerStatistics]) -> LayerStatistics | None:
    """The first activation that is damaged where it is made; None where there is none.

    Damage that builds up over many operators, each of them sound, has no first one.
    """
    return next((layer for layer in layers if is_bad(layer)), None)


def is_bad(layer: LayerStatistics) -> bool:
    """Whether an operator, or the coding of an input, does damage of its own."""
    if layer.nonfinite and layer.upstream_sqnr_db is not None:
        return isnan(layer.sqnr_db) or layer.scale is None
    own = layer.own_sqnr_db
    upstream = inf if layer.upstream_sqnr_db is None else layer.upstream_sqnr_db
    if is_lost(layer):
        return True
    if not own < OWN_ERROR_DB:
        return False
    return layer.clip_fraction > CLIPPED or own < upstream - DROP_DB


def is_lost(layer: LayerStatistics) -> bool:
    """Whether an operator reads sound values and writes one that is not."""
    upstream = inf if layer.upstream_sqnr_db is None else layer.upstream_sqnr_db
    return layer.sqnr_db < LOST_DB and upstream > SOUND_DB
