import numpy as np
import pytest
from receivers import SIGNED, photos, receiver

from edgecheck.matching.order import order_mistake, order_of, partly_stale
from edgecheck.matching.probe import Move, probe_of

OWN = receiver((32, 32, 3), SIGNED)
PROBE = probe_of(OWN)
ROWS = (photos(32, 32, count=8) / 127.5 - 1).astype(np.float32)
STAY = (Move((), PROBE.places),)
HALF = np.asarray(0.5)


def order(found):
    return order_of(PROBE.at(found), ROWS, PROBE, STAY)


def test_rows_are_recognised_in_any_order_and_scaling():
    for seed in range(5):
        right = np.random.default_rng(seed).permutation(len(ROWS))
        np.testing.assert_array_equal(order(0.3 * ROWS[right][..., ::-1] + 2), right)


def test_rows_in_place_are_left_there():
    assert order(ROWS) is None
    assert order(ROWS + np.random.default_rng(0).normal(0, 0.1, ROWS.shape)) is None


def test_what_is_like_nothing_has_no_order():
    assert order(np.random.default_rng(0).normal(size=ROWS.shape)) is None
    assert order(np.zeros_like(ROWS)) is None


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        ([2, 2, 2, 2], "same-frame"),
        ([3, 0, 1, 2], "previous-sample"),
        ([0, 1, 2, 2, 4], "stale-samples"),
        ([3, 2, 1, 0], None),
        ([1, 0, 2, 3, 4], None),
    ],
)
def test_orders_that_are_mistakes_have_names(rows, key):
    made = order_mistake(np.asarray(rows))
    assert (made.key if made else None) == key


@pytest.mark.parametrize(("late", "key"), [(1.0, "previous-sample"), (0.4, "partly-stale")])
def test_parts_of_the_row_before_are_found(late, key):
    made = np.random.default_rng(0).integers(0, 100, (6, 50)).astype(np.float64)
    found = made.copy()
    count = round(late * 50)
    found[1:, :count] = made[:-1, :count]
    mistake, share = partly_stale(made, found, HALF)
    assert (mistake.key, share) == (key, 1.0)


def test_what_the_row_before_does_not_explain_is_not_stale():
    made = np.random.default_rng(0).integers(0, 100, (6, 50)).astype(np.float64)
    assert partly_stale(made, made, HALF) is None
    assert partly_stale(made, made + 1, HALF) is None
    assert partly_stale(made[:1], made[:1] + 1, HALF) is None
    same = np.broadcast_to(made[:1], made.shape)
    assert partly_stale(same, same + 1, HALF) is None


def test_nan_is_not_the_row_before():
    made = np.random.default_rng(0).integers(0, 100, (6, 50)).astype(np.float64)
    found = made.copy()
    found[1:, :20] = made[:-1, :20]
    found[:, 40:] = np.nan
    assert partly_stale(made, found, HALF) is None
    made[:, 40:] = np.nan
    mistake, _ = partly_stale(made, found, HALF)
    assert mistake.key == "partly-stale"
