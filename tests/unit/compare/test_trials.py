import re
from dataclasses import replace

import numpy as np
import pytest
from evidence import compared, passed_over, seen_input, seen_labels, seen_pair, tensor

from edgecheck.compare import trial_plan
from edgecheck.compare.answers import Truth
from edgecheck.compare.outputs import ClassRule
from edgecheck.compare.stream import Side, SideFault
from edgecheck.compare.trial_plan import OpenPass, is_unexplained, tried, tried_on_twin
from edgecheck.compare.trial_samples import TRIED
from edgecheck.compare.trials import _commonest
from edgecheck.compare.watching import WatchedOutput
from edgecheck.errors import CrashFault, LoadFault
from edgecheck.runtime.session import Results, empty_feeds
from edgecheck.samples.chunk import Chunk
from edgecheck.spec.model import Spec
from edgecheck.tflite.graph import Port

SHAPE = (8, 8, 3)
PORTS = {"image": Port("image", tensor(shape=(1, *SHAPE)))}
RANDOM = np.random.default_rng(1)
COUNT = 120
"""All of them are tried."""
COLOURS = np.arange(COUNT) % 3
PIXELS = RANDOM.integers(0, 100, (COUNT, *SHAPE)).astype(np.float32)
PIXELS[np.arange(COUNT), :, :, COLOURS] += 80


class FakeSession:
    """Applies a function to the feeds of page 0: rows (n, 8, 8, 3) -> scores (n, classes)."""

    def __init__(self, feeds, function):
        self.feeds, self.function, self.rows, self.runs = feeds, function, 0, 0

    def submit(self, page, rows):
        assert page == 0
        self.rows, self.runs = rows, self.runs + rows

    def collect(self):
        values = self.function(self.feeds.pages[0]["image"][: self.rows])
        return Results({"y": values.astype(np.float32)}, np.zeros(self.rows))


class Pictures:
    def __init__(self, labels=COLOURS, pixels=PIXELS):
        self.labels, self.pixels = labels, pixels

    def __len__(self):
        return len(self.pixels)

    def chunks(self, size):
        for start in range(0, len(self), size):
            rows = self.pixels[start : start + size]
            ids = tuple(f"s{start + i}" for i in range(len(rows)))
            labels = None if self.labels is None else self.labels[start : start + size, None]
            yield Chunk(ids, {"image": rows}, labels)


def brightest(rows):
    """Scores of RGB pixels in any range."""
    return rows.mean(axis=(1, 2))


def level(rows):
    """Classes by the brightness of pixels in 0..1."""
    mean = rows.mean(axis=(1, 2, 3))
    return np.stack([0.25 - mean, 0 * mean, mean - 0.29], axis=1)


def scene(tmp_path, candidate, reference=None, *, steps=(), dataset=None, **seen):
    feeds = empty_feeds({"image": SHAPE}, 16, tmp_path)
    section = {"kind": "array", "shape": SHAPE, "steps": steps}
    parts = {"version": 1, "model": {"task": "classification"}, "inputs": {"image": section}}
    models = {"reference": reference, "candidate": candidate}
    sides = {who: Side(who, FakeSession(feeds, model)) for who, model in models.items() if model}
    output = compared(
        name="y",
        labels=seen_labels(candidate_accuracy=seen.get("right", 0.3), reference_accuracy=None),
        pair=seen_pair(agreement=seen.get("agreement", 0.99)),
    )
    values = seen_input(low=0.0, high=seen.get("high", 255.0))
    found = passed_over(output, inputs=(values,))
    found = replace(found, latency_ms=(seen.get("latency_ms", 0.0),) * 3)
    spec = Spec.model_validate(parts)
    given = OpenPass(spec, dataset or Pictures(), feeds, sides, found, PORTS)
    watched = WatchedOutput("y", None if reference is None else "y", None, ClassRule(0.5), True)
    return given, WatchedOutput(**vars(watched))


def by_words(found, fed=None):
    return {trial.change.words: trial for trial in found if trial.fed == fed}


def test_reversed_channels_are_right_where_the_spec_reversed_them(tmp_path):
    found = by_words(tried(*scene(tmp_path, brightest, steps=({"channel-order": "BGR"},))))
    trial = found["the colour channels the other way round"]
    assert (trial.right_before, trial.right_after, trial.samples) == (COUNT // 3, COUNT, COUNT)
    assert trial.p < 1e-9
    assert all(
        other.right_after <= COUNT // 2 for words, other in found.items() if other is not trial
    )


def test_few_samples_are_spread_over_a_large_dataset(tmp_path):
    many = Pictures(np.tile(COLOURS, 30), np.tile(PIXELS, (30, 1, 1, 1)))
    turned = ({"channel-order": "BGR"},)
    found = tried(*scene(tmp_path, brightest, dataset=many, steps=turned))
    most = max(trial.samples for trial in found)
    assert most in range(TRIED - 2, TRIED + 1)
    # What shows no gain in the first quarter is not tried on the rest.
    assert {trial.samples for trial in found} == {most, most // 4}
    assert all(t.samples < most for t in found if t.right_after / t.samples < 0.4)


def test_a_scaling_is_right_where_the_spec_has_none(tmp_path):
    truth = level(PIXELS / 255).argmax(axis=1)
    assert len(np.unique(truth)) > 1
    found = by_words(tried(*scene(tmp_path, level, dataset=Pictures(truth))))
    assert found["pixels in 0..1"].right_after == COUNT
    assert found["pixels in 0..1"].right_before < 0.86 * COUNT


def test_gray_pictures_decide_nothing_about_colours(tmp_path):
    gray = np.repeat(PIXELS.mean(axis=-1, keepdims=True), 3, axis=-1)
    found = tried(*scene(tmp_path, brightest, dataset=Pictures(COLOURS, gray)))
    assert "scaling" in {trial.change.kind for trial in found}
    assert not {"channel-order", "channels"} & {trial.change.kind for trial in found}


@pytest.mark.parametrize(
    "seen", [{"right": 0.95}, {"right": 0.9, "agreement": 0.95}], ids=["right", "agrees"]
)
def test_nothing_is_tried_where_nothing_is_wrong(tmp_path, seen):
    given, output = scene(tmp_path, brightest, brightest, **seen)
    assert tried(given, output) == ()
    assert all(side.session.runs == 0 for side in given.sides.values())


def test_a_stream_is_not_taken_apart(tmp_path):
    given, output = scene(tmp_path, brightest)
    spec = given.spec.model_copy(update={"state": "stream"})
    assert tried(OpenPass(**{**vars(given), "spec": spec}), output) == ()


def test_a_candidate_without_the_scaling_of_its_reference_agrees_when_it_alone_is_scaled(tmp_path):
    given, output = scene(
        tmp_path, level, lambda rows: level(rows / 255), right=0.95, agreement=0.3
    )
    found = tried(given, output)
    trial = by_words(found, "candidate")["pixels in 0..1"]
    assert (trial.right_after, trial.samples) == (COUNT, COUNT)
    assert trial.right_before < 0.86 * COUNT
    assert trial.unmoved < 0.86 * COUNT  # the reference does notice the change
    assert by_words(found, None) == {}


def test_a_change_that_no_model_notices_is_counted_as_unmoved(tmp_path):
    given, output = scene(
        tmp_path,
        lambda rows: brightest(np.clip(rows, 0, 1)),  # as a calibration for 0..1 does
        brightest,
        right=0.95,
        agreement=0.3,
    )
    trial = by_words(tried(given, output), "candidate")["pixels in 0..1"]
    assert trial.right_after == COUNT
    assert trial.unmoved == COUNT


def test_a_model_that_dies_in_a_trial_is_blamed(tmp_path):
    def dies(_):
        raise CrashFault("signal 11", "", phase="run")

    with pytest.raises(SideFault) as caught:
        tried(*scene(tmp_path, dies))
    assert caught.value.who == "candidate"


def test_values_that_the_runtime_refuses_are_only_not_tried(tmp_path):
    def refuses(rows):
        if rows.max() < 100:
            raise LoadFault("gather index out of bounds", phase="run")
        return brightest(rows)

    found = by_words(tried(*scene(tmp_path, refuses)))
    assert "pixels in 0..1" not in found
    assert "the colour channels the other way round" in found


def test_a_twin_takes_the_steps_that_a_quantized_input_cuts_off(tmp_path):
    """The candidate's codes are whole pixels, so scaled ones are all alike to it."""

    def outside(rows):
        return level(rows / 2 + 0.5)  # of pixels in -1..1

    def codes(rows):
        return outside(np.clip(np.round(rows), 0, 255))

    def inside(rows):
        return outside(rows / 127.5 - 1)

    given, output = scene(tmp_path, codes, inside, right=0.95, agreement=0.3)
    alone = tried(given, output)
    assert is_unexplained(given.found, alone, output)
    given, output = scene(tmp_path, outside, inside, right=0.95, agreement=0.3)
    twin = tried_on_twin(given, output)
    assert {trial.fed for trial in twin} == {"twin"}
    trial = by_words(twin, "twin")["pixels in -1..1"]
    assert (trial.right_after, trial.samples) == (COUNT, COUNT)
    assert trial.right_before < 0.86 * COUNT
    assert not is_unexplained(given.found, [*alone, *twin], output)


def test_models_that_agree_need_no_twin(tmp_path):
    given, output = scene(tmp_path, level, level, agreement=0.95)
    assert not is_unexplained(given.found, (), output)
    assert not is_unexplained(given.found, (), None)


def test_a_slow_model_is_asked_less(tmp_path):
    """Everything is tried with a fast one, the first wave on a few samples with a slow one."""
    many = Pictures(np.tile(COLOURS, 30)[::-1], np.tile(PIXELS, (30, 1, 1, 1)))
    runs, most, kinds, said = [], [], [], []
    for latency_ms in (0.01, 40.0, 1000.0):
        given, output = scene(tmp_path, level, dataset=many, latency_ms=latency_ms)
        found = tried(given, output)
        runs.append(given.sides["candidate"].session.runs)
        most.append(max(trial.samples for trial in found))
        kinds.append({trial.change.kind for trial in found})
        said.append("; ".join(given.said))
    assert runs[0] > runs[1] > runs[2]
    assert runs[1] * 40.0 < 2 * trial_plan.BUDGET_MS
    assert most[0] > most[1] >= most[2]
    assert "orientation" in kinds[0] - kinds[2]
    assert "scaling" in kinds[2]
    assert said[0] == ""
    assert re.fullmatch(
        r"\d+ of \d+ changes tried, since one run of the candidate takes 1000 ms", said[2]
    )


def wants_raw(rows):
    """Right about pixels in 0..255, else always one class."""
    return brightest(rows) if rows.max() > 2 else np.eye(3)[np.zeros(len(rows), int)]


def wants_unit(rows):
    """Right about pixels in 0..1, else always one class."""
    return brightest(rows) if rows.max() < 2 else np.eye(3)[np.zeros(len(rows), int)]


@pytest.mark.parametrize(("candidate", "is_kept"), [(brightest, True), (wants_unit, False)])
def test_what_the_reference_needs_must_not_make_a_right_candidate_worse(
    tmp_path, candidate, is_kept
):
    labels = seen_labels(candidate_accuracy=1.0, reference_accuracy=0.3)
    output = compared(name="y", labels=labels, pair=seen_pair(agreement=0.95))
    few = Pictures(COLOURS, PIXELS / 255)
    given, watched = scene(tmp_path, candidate, wants_raw, dataset=few)
    found = passed_over(output, inputs=(seen_input(low=0.0, high=0.7),))
    trials = by_words(tried(OpenPass(**{**vars(given), "found": found}), watched))
    assert ("raw pixels" in trials) == is_kept
    if is_kept:
        assert trials["raw pixels"].right_after == COUNT


def test_progress_counts_what_is_tried_and_names_it(tmp_path):
    given, output = scene(tmp_path, lambda rows: np.zeros((len(rows), 3)))
    told = []
    tried(replace(given, progress=lambda *each: told.append(each)), output)
    total = told[0][1]
    assert [done for done, _, _ in told[:total]] == list(range(total))
    assert {of for _, of, _ in told[:total]} == {total}
    assert told[total:] == [
        (n, len(told) - total, what) for n, (*_, what) in enumerate(told[total:])
    ]
    assert "candidate with the colour channels the other way round" in {what for *_, what in told}


def test_the_commonest_class_of_the_other_model_is_counted_among_the_samples_that_were_run():
    classes = Truth([np.array([[1], [1], [0]]), np.array([[0], [0], [2]])], None)
    assert (_commonest(classes, 3), _commonest(classes, 6)) == (2, 3)
    assert _commonest(Truth([np.zeros((4, 2))], np.ones(2)), 4) == 0


def test_of_a_reference_that_is_nearly_always_right_other_values_alone_are_asked(tmp_path):
    labels = seen_labels(candidate_accuracy=0.3, reference_accuracy=0.95)
    output = compared(name="y", labels=labels, pair=seen_pair(agreement=0.3))
    given, watched = scene(tmp_path, lambda rows: brightest(np.clip(rows, 0, 1)), brightest)
    found = passed_over(output, inputs=(seen_input(low=0.0, high=255.0),))
    given = replace(given, found=found)
    asked = [trial for trial in tried(given, watched) if trial.fed is None]
    assert {trial.change.kind for trial in asked} == {"scaling"}
    assert {trial.samples for trial in asked} == {COUNT}  # also where a part shows no gain
    assert by_words(asked)["pixels in 0..1"].right_after == COUNT
    labels = replace(labels, candidate_accuracy=0.95)
    found = replace(found, outputs=(replace(output, labels=labels),))
    others = tried(replace(given, found=found), watched)
    assert not [trial for trial in others if trial.fed is None]
