import numpy as np
import pytest
from evidence import spec

from edgecheck.metrics.moments import Moments
from edgecheck.preprocess.alternatives import alternatives
from edgecheck.preprocess.feature_alternatives import standardized, standardizing
from edgecheck.preprocess.pipeline import Pipeline

RNG = np.random.default_rng(5)
ROWS = RNG.normal([101_300.0, 21.0, 0.4], [800.0, 6.0, 0.1], (300, 3)).astype(np.float32)


def moments(rows):
    seen = Moments(rows.shape[1])
    seen.update(rows)
    return seen.compute()


def section(*steps, kind="table"):
    return spec({"row": {"kind": kind, "shape": (3,), "steps": steps}}).inputs["row"]


@pytest.mark.parametrize("steps", [(), ({"rescale": {"scale": 0.1, "offset": 3.0}},)])
def test_every_column_has_mean_0_and_deviation_1(steps):
    plain = Pipeline("row", section(*steps))(ROWS, [""] * len(ROWS))
    changed = standardized(section(*steps), moments(plain))
    made = Pipeline("row", changed)(ROWS, [""] * len(ROWS)).astype(np.float64)
    assert np.allclose(made.mean(axis=0), 0, atol=1e-3)
    assert np.allclose(made.std(axis=0), 1, atol=1e-3)


def test_a_column_that_never_changes_keeps_its_unit():
    rows = ROWS.copy()
    rows[:, 1] = 7
    assert standardizing(moments(rows)).std[1] == 1


@pytest.mark.parametrize(
    "rows",
    [
        (ROWS - ROWS.mean(axis=0)) / ROWS.std(axis=0),
        ROWS[:, :1],
        np.full((300, 3), 9.0, np.float32),
        np.where(np.arange(3) == 1, np.nan, ROWS),
    ],
    ids=["standardised", "one column", "constant", "unknown"],
)
def test_nothing_is_standardised_where_that_tells_nothing(rows):
    assert standardizing(moments(rows)) is None


def test_it_is_one_of_the_alternatives_of_rows_of_features():
    (found,) = alternatives(section(), (3,), (0.0, 1e5), moments(ROWS))
    change, changed = found
    assert (change.kind, change.removed) == ("features", ())
    assert change.added[0].startswith("normalize: {mean: [101")
    assert changed.steps[-1].key == "normalize"
    assert alternatives(section(), (3,), (0.0, 1e5)) == []


def test_an_array_of_values_of_one_size_has_no_features():
    pixels = RNG.uniform(0, 255, (300, 3)).astype(np.float32)
    assert standardized(section(kind="array"), moments(pixels)) is None
    assert standardized(section(), moments(pixels)) is not None
    assert standardized(section(kind="array"), moments(ROWS)) is not None
