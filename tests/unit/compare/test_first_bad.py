import math

import pytest
from layers import entry, layer

from edgecheck.compare.first_bad import first_bad, is_bad


def test_sound_layers_have_no_first_bad():
    assert first_bad([entry(), layer(0), layer(1)]) is None


def test_the_first_of_several_is_named():
    bad = layer(1, isolated_sqnr_db=9.0, sqnr_db=9.0)
    assert first_bad([entry(), layer(0), bad, layer(2, isolated_sqnr_db=5.0)]) is bad


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"isolated_sqnr_db": 14.0, "upstream_sqnr_db": 36.0}, True),
        ({"isolated_sqnr_db": 14.0, "upstream_sqnr_db": 20.0}, False),
        ({"isolated_sqnr_db": 14.0, "upstream_sqnr_db": 20.0, "clip_above": 0.4}, True),
        ({"isolated_sqnr_db": 47.0, "clip_above": 0.014}, False),
        ({"isolated_sqnr_db": math.inf, "sqnr_db": 8.0, "upstream_sqnr_db": 14.0}, False),
        ({"isolated_sqnr_db": 30.0, "sqnr_db": 4.0, "upstream_sqnr_db": 5.0}, False),
        ({"isolated_sqnr_db": 45.0, "sqnr_db": 12.0, "upstream_sqnr_db": 40.0}, True),
        ({"isolated_sqnr_db": 45.0, "sqnr_db": 17.0, "upstream_sqnr_db": 40.0}, False),
        ({"isolated_sqnr_db": math.nan, "sqnr_db": math.nan}, False),
        ({"isolated_sqnr_db": None, "sqnr_db": 12.0, "upstream_sqnr_db": 40.0}, True),
        ({"isolated_sqnr_db": None, "sqnr_db": 12.0, "upstream_sqnr_db": 13.0}, False),
        ({"scale": None, "nonfinite": 4, "sqnr_db": 30.0}, True),
    ],
)
def test_own_damage_decides(changes, expected):
    assert is_bad(layer(3, **changes)) is expected


def test_an_input_that_is_cut_off_is_the_first_bad():
    assert is_bad(entry(sqnr_db=19.0, clip_above=0.18))
    assert not is_bad(entry(sqnr_db=47.0, clip_above=0.014))
