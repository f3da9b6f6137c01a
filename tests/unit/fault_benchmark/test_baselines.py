import math

import numpy as np
import pytest
from faults import baselines
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

ROWS = arrays(np.float64, (6, 3), elements=st.floats(-10, 10, width=32))
NAMES = {"one-class", "cosine < .99", "mse > 1 %", "rmse/scale > .7"}


def slow(reference, candidate, scale):
    """What the four rules compare, and their limits, element by element: (value, limit)."""
    tops = [max(range(3), key=lambda k, row=row: (row[k], -k)) for row in candidate]
    squares = [
        (a - b) ** 2
        for left, right in zip(reference, candidate, strict=True)
        for a, b in zip(left, right, strict=True)
    ]
    values = [float(v) for row in reference for v in row]
    mean = math.fsum(values) / len(values)
    variance = math.fsum((v - mean) ** 2 for v in values) / len(values)
    error = math.fsum(squares) / len(squares)
    return {
        "one-class": (max(tops.count(k) for k in tops) / len(tops), 0.95),
        "cosine < .99": (-sum(map(cosine, reference, candidate)) / len(tops), -0.99),
        "mse > 1 %": (error, 0.01 * variance),
        "rmse/scale > .7": (math.sqrt(error) / scale if scale else 0.0, 0.7),
    }


def cosine(left, right):
    lengths = math.sqrt(sum(v * v for v in left)) * math.sqrt(sum(v * v for v in right))
    return sum(a * b for a, b in zip(left, right, strict=True)) / lengths if lengths else 0.0


@given(ROWS, ROWS, st.sampled_from([0.0, 0.01, 1.0, 5.0]), st.sampled_from([0.0, 0.003, 0.1, 1.0]))
def test_rules_say_what_an_obvious_loop_says(reference, noise, scale, strength):
    candidate = reference + strength * noise
    found = baselines.alarms({"y": reference}, {"y": candidate}, {"y": scale})
    assert set(found) == NAMES
    for name, (value, limit) in slow(reference, candidate, scale).items():
        assume(not math.isclose(value, limit, rel_tol=1e-6, abs_tol=1e-12))
        assert found[name] == (value > limit)


def test_an_exact_candidate_raises_no_alarm():
    outputs = {"y": np.eye(4)}
    assert not any(baselines.alarms(outputs, outputs, {"y": 1 / 256}).values())


@pytest.mark.parametrize("candidate", [{}, {"y": np.zeros((4, 3))}, {"z": np.eye(4)}])
def test_outputs_that_are_missing_or_misshapen_are_noticed_by_all(candidate):
    assert all(baselines.alarms({"y": np.eye(4)}, candidate, {}).values())


def test_a_value_that_is_no_number_is_noticed_by_every_comparison():
    broken = np.full((4, 4), np.nan)
    found = baselines.alarms({"y": np.eye(4)}, {"y": broken}, {"y": 0.01})
    assert found == dict.fromkeys(NAMES, True)


def test_a_single_real_value_is_one_class_only_when_it_never_changes():
    moving = {"y": np.arange(20.0)[:, None]}
    assert not baselines.alarms(moving, moving, {})["one-class"]
    assert baselines.alarms(moving, {"y": np.zeros((20, 1))}, {})["one-class"]
