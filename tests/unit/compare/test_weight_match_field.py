"""Published pairs, where a copy of the field corpus is at hand."""

import json
import os
from pathlib import Path

import pytest

from edgecheck.compare.weight_match import match_weights
from edgecheck.tflite.reader import load_model
from edgecheck.tflite.weights import weights_of

CORPUS = os.environ.get("EDGECHECK_CORPUS")
APART = {"conv_fc_mnist_other_weights", "hello_world"}
"""Trained apart: the manifest says so of the first; the weights of the second show it."""

pytestmark = pytest.mark.skipif(CORPUS is None, reason="EDGECHECK_CORPUS names no folder")


def pairs():
    """(name of the case, its float file, one of its candidates)."""
    if CORPUS is None:
        return []
    cases = json.loads((Path(CORPUS) / "manifest.json").read_text())["cases"]
    return [
        (case["name"], case["float"] or case["related_float"], candidate["file"])
        for case in cases
        if case["float"] or case.get("related_float")
        for candidate in case["candidates"]
    ]


def correlations(candidate, reference):
    ours, theirs = (weights_of(*load_model(Path(CORPUS) / path)) for path in (candidate, reference))
    found = match_weights(ours, theirs)
    assert not found.unmatched
    assert not found.left_over
    return [pair.correlation for pair in found.pairs if pair.correlation is not None]


@pytest.mark.parametrize(("name", "reference", "candidate"), pairs())
def test_correlation_tells_conversion_from_another_training(name, reference, candidate):
    found = correlations(f"{name}/{candidate}", f"{name}/{reference}")
    assert found
    assert max(found) < 0.5 if name in APART else min(found) > 0.95


def test_one_architecture_trained_twice_does_not_correlate():
    found = correlations("meter_dig1110s2/candidate.tflite", "meter_dig1100s2/float.tflite")
    assert len(found) == 5
    assert max(found) < 0.5
