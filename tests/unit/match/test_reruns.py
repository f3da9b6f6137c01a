"""Mistakes with inputs that only outputs show: their order, and how like the outputs are."""

import numpy as np
import pytest
from receivers import receiver

from edgecheck.compare.outputs import ClassRule, NumberRule
from edgecheck.match.findings import rerun_finding
from edgecheck.match.reruns import Logged, Suspect, reruns
from edgecheck.tflite.graph import Tensor

COUNT = 20
PORT = Tensor(0, "y", (1, 2), (1, 2), "float32", None, 0, False, False)
ROWS = np.arange(2.0 * COUNT, dtype=np.float32).reshape(COUNT, 2) + 1


def suspect(key, rule, rows, *, is_harmless=False):
    return Suspect("x", key, rule, key, lambda: {"x": rows}, is_harmless)


def tried(*suspects, device=3 * ROWS):
    """Of a model that gives its input back, on a device that gives three times what is right."""
    logged = Logged({"y": device}, {"y": PORT}, {})
    return reruns(suspects, {"x": ROWS}, logged, {"y": ROWS}, lambda feeds: {"y": feeds["x"]})


def mostly(rows):
    changed = rows.copy()
    changed[0] = 0
    return changed


HARMLESS = suspect("truncated", "input-rounding-missing", mostly(3 * ROWS), is_harmless=True)
HARMFUL = suspect("bgr", "channel-order-swapped", 3 * ROWS)
NEITHER = suspect("rot90", "orientation-mismatch", 2 * ROWS, is_harmless=True)


@pytest.mark.parametrize("order", [1, -1])
def test_the_harmless_is_named_before_the_harmful_that_makes_the_same(order):
    found = tried(*[NEITHER, HARMFUL, HARMLESS][::order])
    assert [each.suspect.key for each in found] == ["truncated", "bgr", "rot90"]
    assert [each.is_named for each in found] == [True, True, False]
    finding = rerun_finding(found[:2], receiver((2,), kind="table"), COUNT)
    assert (finding.rule, finding.severity) == ("input-rounding-missing", "info")
    assert finding.evidence["alike"] == ["bgr"]


def test_a_harmful_mistake_alone_is_an_error():
    (found,) = tried(HARMFUL)
    finding = rerun_finding([found], receiver((2,), kind="table"), COUNT)
    assert (finding.rule, finding.severity) == ("channel-order-swapped", "error")


def logged(values, rule):
    rules = {} if rule is None else {"y": rule}
    return Logged({"y": np.asarray(values, np.float32)}, {"y": PORT}, rules)


def test_outputs_agree_by_the_classes_that_they_name():
    right = {"y": np.asarray([[0.2, 0.8], [0.9, 0.1]], np.float32)}
    assert logged([[0.1, 0.7], [0.2, 0.3]], ClassRule(0.5)).agreement(right) == 0.5
    assert logged([[0.1, 0.7], [0.2, 0.3]], None).agreement(right) is None


def test_one_element_agrees_by_the_side_of_the_threshold():
    right = {"y": np.asarray([[0.2], [0.9], [0.6], [0.1]], np.float32)}
    assert logged([[0.3], [0.8], [0.4], [0.7]], ClassRule(0.5)).agreement(right) == 0.5
    numbers = {"y": np.asarray([[3], [1]], np.float32)}
    assert logged([[3], [2]], NumberRule(0.5, 10)).agreement(numbers) == 0.5
