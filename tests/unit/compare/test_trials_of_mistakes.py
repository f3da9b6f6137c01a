"""Models that are functions, fed by a spec that makes an application's mistake."""

import numpy as np
import pytest
from evidence import compared, passed_over, seen_input, seen_labels, seen_pair, tensor

from edgecheck.compare.attempts import MOST_PAIRS
from edgecheck.compare.outputs import ClassRule
from edgecheck.compare.statistics import ErrorStatistics, TaskStatistics
from edgecheck.compare.stream import Side
from edgecheck.compare.trial_plan import OpenPass, tried
from edgecheck.compare.watching import WatchedOutput
from edgecheck.metrics.truth import Errors
from edgecheck.runtime.session import Results, empty_feeds
from edgecheck.samples.chunk import Chunk
from edgecheck.spec.model import Spec
from edgecheck.tflite.graph import Port

SHAPE, COUNT = (12, 12, 3), 128
RANDOM = np.random.default_rng(5)
PLACES = [(slice(0, 6), slice(0, 6)), (slice(0, 6), slice(6, 12)), (slice(6, 12), slice(0, 6))]
TOLD = np.arange(COUNT) % 3


def pictures():
    """Bright in one corner out of three, in red: orientation, order and layout all count."""
    pixels = RANDOM.integers(0, 120, (COUNT, *SHAPE)).astype(np.float32)
    for picture, place in zip(pixels, TOLD, strict=True):
        picture[(*PLACES[place], 0)] += 100
    return pixels


PIXELS = pictures()


def corners(rows):
    """The red of each corner, for pixels in -1..1, above the blue of it."""
    found = [
        rows[:, r, c, 0].mean(axis=(1, 2)) - rows[:, r, c, 2].mean(axis=(1, 2)) for r, c in PLACES
    ]
    scores = np.stack(found, axis=1)
    usual = (np.abs(rows).max(axis=(1, 2, 3)) <= 1.001) & (rows.min(axis=(1, 2, 3)) < -0.5)
    return np.where(usual[:, None], scores, np.array([1.0, 0, 0]))


class FakeSession:
    def __init__(self, feeds, function):
        self.feeds, self.function, self.rows = feeds, function, 0

    def submit(self, _page, rows):
        self.rows = rows

    def collect(self):
        page = self.feeds.pages[0]
        values = self.function(*(page[name][: self.rows] for name in sorted(page)))
        return Results({"y": np.asarray(values, np.float32)}, np.zeros(self.rows))


class Stored:
    def __init__(self, rows, labels=None, targets=None):
        self.rows, self.labels, self.targets = rows, labels, targets

    def __len__(self):
        return COUNT

    def chunks(self, size):
        for at in range(0, COUNT, size):
            part = slice(at, at + size)
            yield Chunk(
                tuple(map(str, range(COUNT)))[part],
                {name: values[part] for name, values in self.rows.items()},
                None if self.labels is None else self.labels[part, None],
                None if self.targets is None else self.targets[part],
            )


SCALE = {"rescale": {"scale": 1 / 127.5, "offset": -1.0}}


def scene(folder, model, dataset, *, reference=None, kind="classes", steps=(SCALE,), agreement=0.3):
    shapes = {name: rows.shape[1:] for name, rows in dataset.rows.items()}
    feeds = empty_feeds(shapes, 16, folder)
    section = {
        name: {"kind": "array", "shape": shape, "steps": steps} for name, shape in shapes.items()
    }
    task = "classification" if kind == "classes" else "regression"
    spec = Spec.model_validate({"version": 1, "model": {"task": task}, "inputs": section})
    sides = {"reference": reference} if reference else {}
    sides = {
        who: Side(who, FakeSession(feeds, m)) for who, m in {**sides, "candidate": model}.items()
    }
    values = tuple(seen_input(name=name, low=-1.0, high=0.8) for name in shapes)
    rule = ClassRule(0.5) if kind == "classes" else None
    output = WatchedOutput("y", "y" if reference else None, None, rule, True, kind=kind)
    bad = ErrorStatistics(COUNT, Errors(1.0, 1.0, 0.1), Errors(1.0, 1.0, 0.1))
    seen = compared(
        name="y",
        kind=kind,
        labels=None
        if dataset.labels is None
        else seen_labels(candidate_accuracy=0.3, reference_accuracy=None),
        pair=seen_pair(agreement=agreement if rule else None, sqnr_db=3.0),
        task=TaskStatistics(errors=bad if dataset.targets is not None else None),
    )
    ports = {name: Port(name, tensor(shape=(1, *shape))) for name, shape in shapes.items()}
    return OpenPass(spec, dataset, feeds, sides, passed_over(seen, inputs=values), ports), output


def best(found, fed=None):
    singles = [trial for trial in found if trial.fed == fed and trial.also is None]
    return max(singles, key=lambda trial: trial.right_after)


@pytest.mark.parametrize(
    ("mistake", "kind", "key"),
    [
        (lambda x: x[:, ::-1], "orientation", "flip-up-down"),
        (lambda x: x[:, :, ::-1], "orientation", "flip-left-right"),
        (lambda x: np.rot90(x, 1, (1, 2)), "orientation", "rot270"),
        (lambda x: np.rot90(x, 3, (1, 2)), "orientation", "rot90"),
        (lambda x: np.rot90(x, 2, (1, 2)), "orientation", "rot180"),
        (lambda x: np.moveaxis(x, -1, 1).reshape(x.shape), "layout", "nhwc-as-nchw"),
        (lambda x: x[..., ::-1], "channel-order", ""),
        (lambda x: x[..., [2, 0, 1]], "channel-order", "channels-gbr"),
    ],
)
def test_what_undoes_the_mistake_restores(tmp_path, mistake, kind, key):
    dataset = Stored({"image": np.ascontiguousarray(mistake(PIXELS))}, TOLD)
    trial = best(tried(*scene(tmp_path, corners, dataset)))
    assert (trial.change.kind, trial.change.key) == (kind, key)
    assert (trial.right_after, trial.samples) == (COUNT, COUNT)
    assert trial.right_before < 0.7 * COUNT
    assert trial.p < 1e-3


def test_what_is_common_is_tried_first_and_nothing_after_what_restores(tmp_path):
    dataset = Stored({"image": PIXELS[..., ::-1]}, TOLD)
    kinds = {trial.change.kind for trial in tried(*scene(tmp_path, corners, dataset))}
    assert kinds == {"channel-order", "scaling"}


def test_symmetric_pictures_are_right_with_two_changes_alike(tmp_path):
    """Turned and mirrored, a picture with the same left and right half is one picture."""
    half = PIXELS[:, :, :6]
    pixels = np.concatenate([half, half[:, :, ::-1]], axis=2)

    def above(rows):
        return np.stack(
            [half.mean(axis=(1, 2)) for half in (rows[:, :6, :, 0], rows[:, 6:, :, 0])], 1
        )

    truth = above(pixels).argmax(axis=1)
    found = tried(*scene(tmp_path, above, Stored({"image": pixels[:, ::-1]}, truth)))
    whole = {trial.change.key for trial in found if trial.right_after == COUNT}
    assert {"flip-up-down", "rot180"} <= whole


@pytest.mark.parametrize(
    ("mistake", "steps", "kinds"),
    [
        (lambda x: x[:, ::-1], (), {"scaling", "orientation"}),
        (lambda x: x[..., ::-1], (), {"scaling", "channel-order"}),
        (lambda x: x[:, ::-1, :, ::-1], (SCALE,), {"orientation", "channel-order"}),
        (lambda x: np.moveaxis(x, -1, 1).reshape(x.shape), (), {"scaling", "layout"}),
        (
            lambda x: np.moveaxis(x[:, ::-1], -1, 1).reshape(x.shape),
            (SCALE,),
            {"layout", "orientation"},
        ),
    ],
)
def test_two_mistakes_at_once_take_two_changes(tmp_path, mistake, steps, kinds):
    dataset = Stored({"image": np.ascontiguousarray(mistake(PIXELS))}, TOLD)
    given, output = scene(tmp_path, corners, dataset, steps=steps)
    if not steps:
        given = replaced_range(given)
    found = tried(given, output)
    both = max((t for t in found if t.also), key=lambda trial: trial.right_after)
    assert {both.change.kind, both.also.kind} == kinds
    assert (both.right_after, both.samples) == (COUNT, COUNT)
    assert both.p < 1e-3
    assert both.by_one < 0.9 * COUNT
    assert len([t for t in found if t.also]) <= MOST_PAIRS


def replaced_range(given):
    inputs = tuple(seen_input(name=e.name, low=0.0, high=220.0) for e in given.found.inputs)
    found = passed_over(*given.found.outputs, inputs=inputs)
    return OpenPass(**{**vars(given), "found": found})


def test_one_model_alone_reads_another_layout(tmp_path):
    def scrambled(rows):
        return corners(np.moveaxis(rows, -1, 1).reshape(rows.shape))

    given, output = scene(tmp_path, scrambled, Stored({"image": PIXELS}), reference=corners)
    trial = best(tried(given, output), "candidate")
    assert (trial.change.key, trial.right_after) == ("nhwc-as-nchw", COUNT)
    assert trial.unmoved < 0.7 * COUNT
    assert not any(t.change.kind in {"resize", "fit", "channels"} for t in tried(given, output))


SMALL = RANDOM.normal(size=(2, COUNT, 5)).astype(np.float32)


def difference(left, right):
    """Classes that depend on which input is which."""
    gap = (left - right).mean(axis=1)
    return np.stack([gap, -gap], axis=1)


def test_inputs_of_one_shape_that_are_mixed_up_are_exchanged(tmp_path):
    truth = difference(*SMALL).argmax(axis=1)
    dataset = Stored({"left": SMALL[1], "right": SMALL[0]}, truth)
    trial = best(tried(*scene(tmp_path, difference, dataset, steps=())))
    assert (trial.input, trial.change.kind, trial.change.key) == ("left", "input-order", "right")
    assert (trial.right_before, trial.right_after) == (0, COUNT)


def test_without_labels_a_candidate_agrees_when_its_inputs_alone_are_exchanged(tmp_path):
    dataset = Stored({"left": SMALL[0], "right": SMALL[1]})
    given = scene(tmp_path, lambda a, b: difference(b, a), dataset, reference=difference, steps=())
    trial = best(tried(*given), "candidate")
    assert (trial.change.kind, trial.right_before, trial.right_after) == ("input-order", 0, COUNT)
    assert trial.unmoved == 0


def test_measured_values_are_right_within_ten_decibels(tmp_path):
    truth = (SMALL[0] - 2 * SMALL[1]).mean(axis=1, keepdims=True)
    dataset = Stored({"left": SMALL[1], "right": SMALL[0]}, targets=truth)

    def model(left, right):
        return (left - 2 * right).mean(axis=1, keepdims=True)

    trial = best(tried(*scene(tmp_path, model, dataset, kind="values", steps=())))
    assert (trial.change.kind, trial.right_after, trial.names_classes) == (
        "input-order",
        COUNT,
        False,
    )
    assert trial.right_before < 0.46 * COUNT


def test_outputs_of_any_task_are_held_against_the_reference(tmp_path):
    def field(rows):
        return rows[:, ::3, ::3, 0].reshape(len(rows), -1)

    given, output = scene(
        tmp_path,
        lambda rows: field(rows[:, ::-1]),
        Stored({"image": PIXELS}),
        reference=field,
        kind="raw",
    )
    trial = best(tried(given, output), "candidate")
    assert (trial.change.key, trial.right_after, trial.names_classes) == (
        "flip-up-down",
        COUNT,
        False,
    )


def test_models_that_agree_on_their_values_are_left_alone(tmp_path):
    given, output = scene(
        tmp_path, corners, Stored({"image": PIXELS}), reference=corners, agreement=0.95
    )
    assert tried(given, output) == ()


def two_outputs(folder, candidate, reference):
    """Two outputs of one size, which are paired by position."""
    given, _ = scene(folder, corners, Stored({"image": PIXELS}), reference=corners)
    outputs = tuple(WatchedOutput(f"o{n}", f"r{n}", None, None, n == 0, kind="raw") for n in (0, 1))
    seen = compared(name="o0", kind="raw", labels=None, pair=seen_pair(agreement=None, sqnr_db=2.0))
    for who, model in {"candidate": candidate, "reference": reference}.items():
        given.sides[who].session.collect = answering(given.sides[who].session, model)
    found = passed_over(seen, inputs=given.found.inputs)
    return OpenPass(**{**vars(given), "found": found, "outputs": outputs}), outputs[0]


def answering(session, model):
    def collect():
        rows = session.feeds.pages[0]["image"][: session.rows]
        return Results(
            {k: v.astype(np.float32) for k, v in model(rows).items()}, np.zeros(len(rows))
        )

    return collect


def red(rows):
    return rows[:, ::4, ::4, 0].reshape(len(rows), -1)


def blue(rows):
    return rows[:, ::4, ::4, 2].reshape(len(rows), -1)


def test_outputs_that_agree_crosswise_are_told_and_nothing_else_is_tried(tmp_path):
    given, output = two_outputs(
        tmp_path,
        lambda rows: {"o0": blue(rows), "o1": red(rows)},
        lambda rows: {"r0": red(rows), "r1": blue(rows)},
    )
    (trial,) = tried(given, output)
    assert (trial.input, trial.change.kind, trial.change.key) == ("o0", "output-order", "o1")
    assert (trial.right_before, trial.right_after, trial.fed) == (0, COUNT, "candidate")


def test_outputs_that_are_wrong_either_way_are_not_called_exchanged(tmp_path):
    given, output = two_outputs(
        tmp_path,
        lambda rows: {"o0": blue(rows), "o1": -blue(rows)},
        lambda rows: {"r0": red(rows), "r1": blue(rows)},
    )
    kinds = {trial.change.kind for trial in tried(given, output)}
    assert "output-order" not in kinds
    assert "channel-order" in kinds
