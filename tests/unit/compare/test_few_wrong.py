"""A model that is mostly right: what makes its few wrong answers right is found, and costs little."""

from dataclasses import replace

import numpy as np
import pytest
from evidence import compared, passed_over, seen_input, seen_labels, seen_pair, tensor

from edgecheck.compare.few_wrong import FEWEST_WRONG
from edgecheck.compare.label_watch import LabelWatch
from edgecheck.compare.outputs import ClassRule
from edgecheck.compare.stream import Side
from edgecheck.compare.trial_plan import OpenPass, tried
from edgecheck.compare.watching import WatchedOutput
from edgecheck.compare.wrong_places import WrongPlaces
from edgecheck.metrics.paired import mcnemar_p
from edgecheck.proof_thresholds import TRIAL_P
from edgecheck.runtime.session import Results, empty_feeds
from edgecheck.samples.chunk import UNLABELLED, Chunk
from edgecheck.spec.model import Spec
from edgecheck.tflite.graph import Port

SHAPE = (8, 8, 3)
COUNT = 240
COLOURS = np.arange(COUNT) % 3
ODD, SPOILT = 250.0, 240.0
"""Marks of pictures in their first pixels: the first are wrong as they are, the others in 0..1."""
UNIT = "pixels in 0..1"


def pictures(odd, spoilt=()):
    pixels = np.random.default_rng(1).integers(0, 100, (COUNT, *SHAPE)).astype(np.float32)
    pixels[np.arange(COUNT), 1:, :, COLOURS] += 80
    pixels[:, 0] = 0
    pixels[list(odd), 0] = ODD
    pixels[list(spoilt), 0] = SPOILT
    return pixels


def needs_unit(rows):
    """The brightest colour; another one of marked pictures."""
    scores = rows[:, 1:].mean(axis=(1, 2))
    mark, is_raw = rows[:, 0, 0, 0], rows.max(axis=(1, 2, 3)) > 1
    is_wrong = np.where(is_raw, mark == ODD, np.isclose(mark, SPOILT / 255))
    return np.where(is_wrong[:, None], -scores, scores)


def needs_raw(rows):
    scores = rows[:, 1:].mean(axis=(1, 2))
    return np.where(rows.max(axis=(1, 2, 3))[:, None] > 1, scores, -scores)


class FakeSession:
    def __init__(self, feeds, function):
        self.feeds, self.function, self.rows, self.runs = feeds, function, 0, 0

    def submit(self, page, rows):
        assert page == 0
        self.rows, self.runs = rows, self.runs + rows

    def collect(self):
        values = self.function(self.feeds.pages[0]["image"][: self.rows])
        return Results({"y": values.astype(np.float32)}, np.zeros(self.rows))


class Pictures:
    def __init__(self, pixels, labels=COLOURS):
        self.pixels, self.labels = pixels, labels

    def __len__(self):
        return len(self.pixels)

    def chunks(self, size):
        for start in range(0, len(self), size):
            rows = self.pixels[start : start + size]
            ids = tuple(f"s{start + i}" for i in range(len(rows)))
            yield Chunk(ids, {"image": rows}, self.labels[start : start + size, None])


def scene(tmp_path, pixels, wrong, *, candidate=needs_unit, labels=COLOURS):
    feeds = empty_feeds({"image": SHAPE}, 16, tmp_path)
    section = {"kind": "array", "shape": SHAPE}
    parts = {"version": 1, "model": {"task": "classification"}, "inputs": {"image": section}}
    models = {"reference": needs_unit, "candidate": candidate}
    sides = {who: Side(who, FakeSession(feeds, model)) for who, model in models.items()}
    kept = WrongPlaces(tuple(sorted(wrong)), 1)
    output = compared(name="y", labels=seen_labels(wrong=kept), pair=seen_pair(agreement=0.99))
    found = passed_over(output, inputs=(seen_input(low=0.0, high=255.0),))
    found = replace(found, latency_ms=(0.0,) * 3)
    ports = {"image": Port("image", tensor(shape=(1, *SHAPE)))}
    spec = Spec.model_validate(parts)
    given = OpenPass(spec, Pictures(pixels, labels), feeds, sides, found, ports)
    return given, WatchedOutput("y", "y", None, ClassRule(0.5), True)


def in_unit(found):
    return next((trial for trial in found if trial.change.words == UNIT), None)


def test_so_many_wrong_answers_are_the_fewest_that_decide():
    assert mcnemar_p(0, FEWEST_WRONG) < TRIAL_P <= mcnemar_p(0, FEWEST_WRONG - 1)


def test_what_makes_the_few_wrong_answers_right_is_found_on_all_samples(tmp_path):
    wrong = range(3, COUNT, COUNT // FEWEST_WRONG + 1)
    given, output = scene(tmp_path, pictures(wrong), wrong)
    trial = in_unit(tried(given, output))
    assert (trial.right_before, trial.right_after) == (COUNT - len(wrong), COUNT)
    assert trial.samples == COUNT
    assert trial.p == pytest.approx(mcnemar_p(0, len(wrong)))


def test_fewer_wrong_answers_are_left_alone(tmp_path):
    wrong = range(FEWEST_WRONG - 1)
    given, output = scene(tmp_path, pictures(wrong), wrong)
    assert tried(given, output) == ()
    assert all(side.session.runs == 0 for side in given.sides.values())


def test_what_spoils_as_many_others_is_no_gain(tmp_path):
    wrong, spoilt = range(0, 60, 4), range(1, 61, 4)
    given, output = scene(tmp_path, pictures(wrong, spoilt), wrong)
    trial = in_unit(tried(given, output))
    assert trial.right_after == trial.right_before == COUNT - len(wrong)
    assert trial.p == 1


def test_what_makes_the_candidate_worse_is_left_out(tmp_path):
    wrong = range(0, 60, 4)
    given, output = scene(tmp_path, pictures(wrong), wrong, candidate=needs_raw)
    assert in_unit(tried(given, output)) is None


def test_a_healthy_model_is_asked_for_few_answers_only(tmp_path):
    """No change makes answers of a class right that the model does not know."""
    wrong = range(0, 5 * FEWEST_WRONG, 5)
    labels = COLOURS.copy()
    labels[list(wrong)] = 7
    given, output = scene(tmp_path, pictures(()), wrong, labels=labels)
    assert tried(given, output) == ()
    assert given.sides["reference"].session.runs < COUNT
    assert given.sides["candidate"].session.runs == 0


def test_wrong_answers_of_the_reference_are_kept_and_samples_without_label_are_none():
    watch = LabelWatch()
    labels = np.array([[0], [UNLABELLED], [2], [1]])
    watch.update(labels, np.array([0, 1, 0, 1]), np.array([1, 1, 2, 0]))
    watch.update(labels, np.array([1, 0, 2, 1]), np.array([0, 1, 2, 1]))
    assert watch.statistics().wrong == WrongPlaces((2, 4), 1)
