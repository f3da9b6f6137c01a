"""Experiments in one sentence."""

import pytest

from edgecheck.findings import Proof
from edgecheck.report.text_proof import told


def test_accuracy_and_the_number_of_samples_are_told_beside():
    proof = Proof("ranges chosen anew", "agreement", 0.25, 1.0, 128, 0.3, 0.98)
    assert told(proof) == (
        "ranges chosen anew: agreement 25% before, 100% after; accuracy 30% before, 98% after "
        "on 128 samples."
    )


@pytest.mark.parametrize(
    ("metric", "before", "after", "words"),
    [
        ("sqnr_db", 3.14159, 48.0, "SQNR 3.1 dB before, 48.0 dB after"),
        (
            "variation_sqnr_db",
            -1.0,
            float("inf"),
            "SQNR of what moves -1.0 dB before, inf dB after",
        ),
        ("kl_median", 1.23456, 0.0, "KL divergence 1.235 before, 0 after"),
        ("finite_share", 0.4, 1.0, "finite values 40% before, 100% after"),
    ],
)
def test_each_metric_is_told_in_its_unit(metric, before, after, words):
    assert told(Proof("undone", metric, before, after)) == f"undone: {words}."
