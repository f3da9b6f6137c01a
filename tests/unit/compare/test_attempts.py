from dataclasses import replace

import numpy as np
import pytest
from evidence import tensor

from edgecheck.compare.attempts import MOST_PAIRS, TriedInput, groups, pairs
from edgecheck.mistakes.receiver import receiver_of
from edgecheck.preprocess.alternatives import alternatives
from edgecheck.spec.model import InputSpec


def subject(name="x", shape=(16, 16, 3), seen=(0.0, 255.0), kind="array", steps=()):
    spec = InputSpec.model_validate({"kind": kind, "steps": steps})
    receiver = receiver_of(name, spec, tensor(shape=(1, *shape)), shape, seen)
    return TriedInput(spec, receiver, alternatives(spec, shape, seen))


def kinds(found):
    return [{attempt.change.kind for attempt in group} for group in found]


RESIZED = subject(kind="image", steps=("decode", {"resize": {"size": (16, 16)}}))


def test_what_needs_no_new_samples_comes_before_what_does():
    found = kinds(groups({"x": RESIZED}))
    assert found[0] == {"channel-order", "scaling"}
    assert found[-1] == {"resize", "fit", "orientation"}


def test_two_models_that_get_the_same_pictures_do_not_differ_in_how_those_were_resized():
    found = set().union(*kinds(groups({"x": RESIZED}, of_one_model=True)))
    assert found == {"channel-order", "scaling", "orientation", "layout"}


def test_kernels_that_libraries_share_are_tried_once():
    keys = [attempt.change.key for attempt in groups({"x": RESIZED})[-1]]
    assert len(keys) == len(set(keys))
    assert {"resize-nearest", "resize-area", "fit-center-crop", "exif"} <= set(keys)


def test_every_mistake_gives_rows_of_the_same_shape():
    rows = np.random.default_rng(0).uniform(0, 255, (3, 16, 16, 3)).astype(np.float32)
    reworked = [a for group in groups({"x": subject()}) for a in group if a.rework]
    assert len(reworked) > 10
    for attempt in reworked:
        made = attempt.rework({"x": rows, "other": rows})
        assert made["x"].shape == rows.shape
        assert made["other"] is rows
        assert not np.array_equal(made["x"], rows), attempt.change


@pytest.mark.parametrize(
    ("key", "mistake"),
    [
        ("unturn-right", lambda x: np.rot90(x, 1, (1, 2))),
        ("unturn-left", lambda x: np.rot90(x, 3, (1, 2))),
        ("untranspose", lambda x: x.swapaxes(1, 2)),
    ],
)
def test_a_quarter_turn_of_a_wide_picture_is_undone_although_its_rows_were_reread(key, mistake):
    rows = np.random.default_rng(1).uniform(0, 255, (2, 12, 20, 3)).astype(np.float32)
    spoilt = mistake(rows).reshape(rows.shape)
    found = groups({"x": subject(shape=(12, 20, 3))})
    (attempt,) = [a for group in found for a in group if a.change.key == key]
    np.testing.assert_array_equal(attempt.rework({"x": spoilt})["x"], rows)


def test_only_inputs_of_one_shape_are_exchanged():
    wide, flat = subject(shape=(5,)), subject(shape=(7,))
    found = groups({"a": wide, "b": flat, "c": wide})
    (exchange,) = [attempt for group in found for attempt in group]
    assert (exchange.input, exchange.change.key) == ("a", "c")
    made = exchange.rework({"a": 1, "b": 2, "c": 3})
    assert made == {"a": 3, "b": 2, "c": 1}


def test_indices_are_not_given_to_another_table():
    tokens = {name: subject(name, shape=(5,)) for name in ("ids", "types")}
    whole = tensor(shape=(1, 5), dtype="int32", quantization=None)
    tokens = {n: replace(s, receiver=replace(s.receiver, tensor=whole)) for n, s in tokens.items()}
    assert groups(tokens) == ()


def test_many_inputs_of_one_shape_are_not_exchanged_without_end():
    many = {f"x{number}": subject(shape=(5,)) for number in range(40)}
    assert sum(map(len, groups(many))) == 6


def test_pairs_are_of_two_kinds_and_no_more_than_promised():
    subjects = {"x": RESIZED, "y": subject("y")}
    singles = [attempt for group in groups(subjects) for attempt in group]
    found = pairs(subjects, singles)
    assert len(found) == MOST_PAIRS
    assert all(a.also and a.change.kind != a.also.kind for a in found)
    of_one = pairs(subjects, singles, of_one_model=True)
    assert {(a.change.kind, a.also.kind) for a in of_one} == {("channel-order", "scaling")}


def test_planes_of_a_turned_picture_are_sorted_before_it_is_turned_back():
    subjects = {"x": subject()}
    singles = [attempt for group in groups(subjects) for attempt in group]
    found = [a for a in pairs(subjects, singles) if a.also.kind == "orientation"]
    pictures = np.random.default_rng(0).random((2, 16, 16, 3), np.float32)
    turned = np.rot90(pictures, axes=(1, 2))
    buffer = np.ascontiguousarray(turned.transpose(0, 3, 1, 2)).reshape(turned.shape)
    right = [a for a in found if np.array_equal(a.rework({"x": buffer})["x"], pictures)]
    assert [(a.change.kind, a.also.key) for a in right if not a.specs] == [("layout", "rot270")]


def test_a_pair_of_steps_is_one_spec_with_both():
    subjects = {"x": subject()}
    singles = [attempt for group in groups(subjects) for attempt in group]
    both = next(a for a in pairs(subjects, singles) if a.also.key == "unit-range")
    steps = [step.key for step in both.specs["x"].steps]
    assert sorted(steps) == ["channel-order", "rescale"]


def test_samples_that_are_no_pictures_have_nothing_to_turn():
    assert groups({"x": subject(shape=(16,))}) == ()
