"""One large channel takes the steps of a tensor, which only the operator behind it shows."""

import pytest
from layers import entry, layer

from edgecheck.checks.crowded_channels import crowded

STEP = 800 / 255
WIDE = {"representable": (0.0, 800.0), "scale": STEP, "core_range": (0.0, 790.0)}
CROWDED = {**WIDE, "channel_width": 5 * STEP, "widest_channel": 3, "float_range": (0.0, 800.0)}
LOST = {"sqnr_db": 4.0, "isolated_sqnr_db": 35.0, "upstream_sqnr_db": 34.0}


def found(*layers):
    return [(rule.tensor, rule.reader, rule.index) for rule in crowded(layers, layers)]


def test_the_tensor_is_named_with_the_channel_and_what_reads_it():
    (rule,) = crowded(*[(entry(), layer(0, **CROWDED), layer(1, **LOST), layer(2))] * 2)
    assert (rule.tensor, rule.channel, rule.channels, rule.index) == ("layer0", 3, 8, 1)
    assert rule.levels_used == pytest.approx(5)
    assert "channel 3 needs them all, and half of its 8 channels use at most 5" in rule.message()
    assert "CONV_2D 1, which reads it, keeps 4 dB" in rule.message()
    assert "edgecheck repair" not in rule.fix()


@pytest.mark.parametrize(
    "reader",
    [
        {},
        {**LOST, "isolated_sqnr_db": 6.0},
        {**LOST, "clip_above": 0.1},
        {**LOST, "upstream_sqnr_db": 20.0},
    ],
    ids=["loses nothing", "loses by itself", "is cut off", "got what was lost before"],
)
def test_a_reader_that_is_not_lost_for_it_accuses_nobody(reader):
    assert found(entry(), layer(0, **CROWDED), layer(1, **reader)) == []


@pytest.mark.parametrize(
    "changes",
    [{"channel_width": 200 * STEP}, {"channel_width": float("nan")}, {"op": "CONCATENATION"}],
    ids=["channels alike", "nothing moves", "joined branches have a rule of their own"],
)
def test_tensors_that_are_not_crowded_are_left_alone(changes):
    assert found(entry(), layer(0, **{**CROWDED, **changes}), layer(1, **LOST)) == []


def test_features_of_unequal_size_are_no_channels():
    assert found(entry(**{**CROWDED, "op": "INPUT"}), layer(0, **LOST)) == []


def test_what_takes_a_range_over_is_not_where_it_was_chosen():
    pool = layer(1, op="MAX_POOL_2D", **CROWDED)
    seen = found(entry(), layer(0, **CROWDED), pool, layer(2, **LOST))
    assert seen == [("layer0", "CONV_2D", 2)]


def test_codes_of_another_type_or_none_are_judged_by_their_own_number():
    wide = {**CROWDED, "codes": 65536, "scale": 800 / 65535}
    assert found(entry(), layer(0, **{**wide, "channel_width": 200.0}), layer(1, **LOST)) == []
    plain = {**CROWDED, "scale": None, "codes": None}
    assert found(entry(), layer(0, **plain), layer(1, **LOST)) == []


FAR_BELOW = {"sqnr_db": 19.5, "isolated_sqnr_db": 31.5, "upstream_sqnr_db": 42.0}


def test_a_reader_far_below_what_it_reads_and_its_own_error_accuses_too():
    assert found(entry(), layer(0, **CROWDED), layer(1, **FAR_BELOW)) == [("layer0", "CONV_2D", 1)]


@pytest.mark.parametrize(
    "reader",
    [
        {**FAR_BELOW, "upstream_sqnr_db": 28.0},
        {**FAR_BELOW, "isolated_sqnr_db": 26.0},
        {**FAR_BELOW, "sqnr_db": 26.0, "isolated_sqnr_db": 40.0},
    ],
    ids=["what it reads explains it", "its own error explains it", "nothing is damaged"],
)
def test_damage_that_is_explained_or_small_accuses_nobody(reader):
    assert found(entry(), layer(0, **CROWDED), layer(1, **reader)) == []
