from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from evidence import evidence, spec, tensor

from edgecheck.compare.entrant import Entrant, Trained
from edgecheck.compare.experiment import Setup
from edgecheck.compare.outputs import ClassRule
from edgecheck.compare.watching import Group, WatchedOutput
from edgecheck.runs import recollected as module
from edgecheck.runtime.trained.renormalize import Outputs
from edgecheck.samples.chunk import UNLABELLED, Chunk
from edgecheck.tflite.graph import Contract, Port

PART = WatchedOutput("scores", "scores", None, ClassRule(0.5), True, group=Group("kind", 1, 3))


class Labelled:
    """600 pictures, each of class 1, and of no other."""

    def __len__(self):
        return 600

    def chunks(self, size):
        for first in range(0, 600, size):
            count = min(size, 600 - first)
            ids = tuple(f"s{first + n}" for n in range(count))
            rows = {"image": np.full((count, 8, 8, 3), first, np.float32)}
            yield Chunk(ids, rows, np.tile([[1, UNLABELLED]], (count, 1)))


PICTURE = np.random.default_rng(0).normal(size=(8, 8, 3)).astype(np.float32)


class Pictures(Labelled):
    """The same, and not all of one value."""

    def chunks(self, size):
        for chunk in super().chunks(size):
            yield replace(chunk, rows={"image": np.tile(PICTURE, (len(chunk.ids), 1, 1, 1))})


class Unlabelled(Labelled):
    """The same, and nobody says of which class."""

    def chunks(self, size):
        for chunk in super().chunks(size):
            yield replace(chunk, labels=None)


class HardlyLabelled(Labelled):
    """The same, and of the first `known` of each hundred alone it is said."""

    def __init__(self, known):
        self.known = known

    def chunks(self, size):
        for chunk in super().chunks(size):
            numbers = np.array([int(name[1:]) for name in chunk.ids])
            labels = np.where((numbers % 100 < self.known)[:, None], chunk.labels, UNLABELLED)
            yield replace(chunk, labels=labels)


def setup(dataset):
    port = Port("image", tensor(dtype="float32", quantization=None))
    contract = Contract((port,), (), 0, None, has_state=False)
    how = Trained("keras", None, allow_code=False)
    model = evidence().model
    entrant = Entrant("reference", Path("m.keras"), model, contract, {"image": port}, how)
    return Setup(spec(), dataset, entrant, entrant, (), 1, 5.0)


@pytest.fixture
def asked(monkeypatch):
    """Answers (dataset, rework) -> (result, the pictures that the child got)."""
    fed = []

    def outputs(_job, parts, *_, with_left):
        assert with_left
        fed.extend(np.load(parts[part]["image"]) for part in ("collected", "asked"))
        count = len(fed[1])
        before = np.tile(np.float32([9, 0, 1, 9]), (count, 1))  # of the group: class 1
        after = np.full((count, 4), np.nan, np.float32)
        return Outputs({"scores": before}, {"scores": after}, 0.7)

    monkeypatch.setattr(module, "renormalized_outputs", outputs)
    monkeypatch.setattr(module, "class_output", lambda _: PART)

    def run(dataset, rework=None):
        case = setup(dataset)
        return module.recollected(case, case.reference, 5.0, rework), fed

    return run


def test_answers_are_read_of_the_group_and_nan_answers_nothing(asked):
    found, fed = asked(Labelled())
    assert len(found.before) == len(found.after) == found.commonest == 128
    assert found.before.all()
    assert found.left == 0.7
    assert 0 < found.seconds < 60
    assert not found.after.any()
    assert [len(rows) for rows in fed] == [128, 128]


def test_both_halves_are_reworked(asked):
    _, plain = asked(Labelled())
    kept = [rows.copy() for rows in plain]
    plain.clear()
    _, fed = asked(Labelled(), lambda feeds: {"image": feeds["image"] + 1})
    for rows, before in zip(fed, kept, strict=True):
        assert np.array_equal(rows, before + 1)


def test_a_few_rows_at_a_time_are_reworked_and_may_change_places(asked):
    sizes = []

    def turned(feeds):
        sizes.append(len(feeds["image"]))
        return {"image": feeds["image"][:, :, ::-1]}

    _, fed = asked(Pictures(), turned)
    assert max(sizes) <= 16
    assert sum(sizes) == 256
    assert all(np.array_equal(rows, np.tile(PICTURE[:, ::-1], (128, 1, 1, 1))) for rows in fed)


def test_without_labels_nothing_can_be_said(asked):
    assert asked(Unlabelled())[0] is None


@pytest.mark.parametrize(("known", "expected"), [(0, None), (5, None), (50, 64)])
def test_as_little_can_be_said_of_a_few_labels(asked, known, expected):
    found = asked(HardlyLabelled(known))[0]
    assert (found if found is None else len(found.after)) == expected
