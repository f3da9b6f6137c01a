"""Whether a recalibrated file may replace the old one."""

from types import SimpleNamespace

import pytest

from edgecheck.measurements import Accuracy, Interval, OutputMetrics
from edgecheck.repair.improvement import objection


def report(sqnr_db, candidate, reference):
    """What `objection` reads of a report: one output, on unseen samples."""
    output = OutputMetrics(
        name="output",
        samples=100,
        distinct_outputs=100,
        nonfinite_values=0,
        sqnr_db=sqnr_db,
        sqnr_db_interval=Interval(sqnr_db - 1, sqnr_db + 1),
        accuracy=Accuracy(candidate, 100, reference),
    )
    return SimpleNamespace(verdict="pass", summary="", outputs=(output,))


@pytest.mark.parametrize(
    ("after", "reference", "words"),
    [
        (0.95, 0.95, ""),
        (0.80, 0.80, ""),  # as right as the float model, and hardly less than before
        (0.72, 0.72, "the steps of the spec are in doubt"),
        (0.72, 0.95, "accuracy 82.0% before, 72.0% after"),
    ],
)
def test_a_file_that_meets_fewer_labels_replaces_none(after, reference, words):
    said = objection(report(6.0, 0.82, reference), report(36.0, after, reference))
    assert words in said
    assert bool(said) == bool(words)
