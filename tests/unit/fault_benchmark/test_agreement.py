from pathlib import Path

import numpy as np
import pytest
from faults.agreement import CLOSE, accuracy, agreement
from faults.case import Base


def base(*fits, groups=None):
    return Base("any", 0, Path(), frozenset(fits), groups or {})


def slow_real(expected, found):
    """Share of samples closer than CLOSE standard deviations, element by element."""
    close = 0
    spread = [float(np.std([row[k] for row in expected])) for k in range(expected.shape[1])]
    for left, right in zip(expected, found, strict=True):
        squares = [((a - b) / s) ** 2 for a, b, s in zip(left, right, spread, strict=True)]
        close += (sum(squares) / len(squares)) ** 0.5 < CLOSE
    return close / len(expected)


@pytest.mark.parametrize("strength", [0.0, 0.1, 0.25, 2.0])
def test_real_values_agree_as_an_obvious_loop_says(strength):
    rng = np.random.default_rng(1)
    expected = rng.normal(0, [1, 50, 0.01], (40, 3))
    found = expected + strength * rng.normal(0, [1, 50, 0.01], (40, 3))
    assert agreement(base("real-values"), {"y": expected}, {"y": found}) == pytest.approx(
        slow_real(expected, found)
    )


def test_classes_agree_where_the_top_class_does():
    expected = {"y": np.eye(4)}
    found = {"y": np.array([[0.9, 0, 0, 0.1], [0, 1, 0, 0], [0.4, 0, 0.3, 0], [0, 0, 0, 1]])}
    assert agreement(base("classes"), expected, found) == 0.75


def test_tags_agree_only_as_a_set():
    expected = {"y": np.array([[0.9, 0.1], [0.9, 0.9]])}
    assert agreement(base("tags"), expected, {"y": np.array([[0.6, 0.4], [0.9, 0.4]])}) == 0.5


def test_a_ruined_channel_group_is_not_hidden_by_the_other():
    rng = np.random.default_rng(2)
    expected = rng.normal(0, 1, (20, 9, 6))
    found = expected.copy()
    found[..., 4:] = 0
    head = base("boxes", groups={"boxes": (0, 4), "scores": (4, 6)})
    assert agreement(head, {"y": expected}, {"y": found}) == 0
    assert agreement(head, {"y": expected}, {"y": expected}) == 1


@pytest.mark.parametrize("found", [{}, {"y": np.zeros((2, 3))}, {"y": np.full((2, 2), np.nan)}])
@pytest.mark.parametrize("fits", ["classes", "tags", "real-values"])
def test_missing_misshapen_or_nan_outputs_never_agree(fits, found):
    assert agreement(base(fits), {"y": np.array([[0.0, 1.0], [1.0, 0.0]])}, found) == 0


def test_accuracy_of_real_values_is_r2():
    truth = np.arange(10.0)[:, None]
    found = truth + np.where(np.arange(10) % 2, 1, -1)[:, None]
    assert accuracy(base("real-values"), truth, {"y": found}) == pytest.approx(1 - 10 / 82.5)
    assert accuracy(base("classes"), np.array([0, 1, 1]), {"y": np.eye(3)}) == pytest.approx(2 / 3)
