"""Wrong steps and wrong statistics at once: what labels say of both, of either, and of neither."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from evidence import compared, evidence, passed_over, seen_input, seen_labels, spec, tensor

from edgecheck.checks import batch_norm, tried_steps
from edgecheck.compare.entrant import Entrant, Trained
from edgecheck.compare.experiment import Setup
from edgecheck.compare.renormalized import Renormalized
from edgecheck.errors import UnusableError
from edgecheck.preprocess.pixel_alternatives import written
from edgecheck.runs import twofold as module
from edgecheck.runs.draft import Draft, Options
from edgecheck.runs.recollected import Recollected
from edgecheck.tflite.graph import Contract, Port

DECODE = {"decode": {"color": "RGB"}}
ONCE = (
    {"rescale": {"scale": 1 / 255}},
    {"normalize": {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}},
)
TWICE = spec(
    {
        "image": {
            "kind": "image",
            "layout": "NHWC",
            "shape": (8, 8, 3),
            "steps": (DECODE, *ONCE, *ONCE),
        }
    }
)
BROKEN = Renormalized(2, "norm", 3.0, 100, 10, 12, 0.5, left=2.0)
"""Statistics that are off, and with new ones as little is right."""


def first(count):
    return np.arange(100) < count


def setup():
    port = Port("image", tensor(dtype="float32", quantization=None))
    contract = Contract((port,), (), 0, None, has_state=False)
    how = Trained("keras", None, allow_code=False)
    model = evidence().model
    entrant = Entrant("reference", Path("m.keras"), model, contract, {"image": port}, how)
    return Setup(TWICE, (), entrant, entrant, (), 1, 5.0)


def case(alone=BROKEN):
    labels = seen_labels(candidate_accuracy=0.1, reference_accuracy=0.1)
    seen = passed_over(compared(labels=labels), inputs=(seen_input(low=-2.154, high=-1.758),))
    return evidence(spec=TWICE, comparison=seen, renormalized=alone)


def _place(rework):
    values = np.arange(8 * 8 * 3, dtype=np.float32).reshape(1, 8, 8, 3)
    planes = values.reshape(1, 3, 8, 8).transpose(0, 2, 3, 1)
    return "planes" if np.array_equal(rework({"image": values})["image"], planes) else "moved"


@pytest.fixture
def asked(monkeypatch):
    """(way -> right answers with the steps alone, and with new statistics too) -> evidence.

    A way is the steps, as they are written, "planes" of channels-first bytes that were taken for
    channels-last, or "moved" for other places of the same values; of others little is right.
    """
    asked_for = []

    def run(answers, alone=BROKEN, plain=(10, 12), commonest=15, left=2.0, seconds=0.1):
        def recollected(here, _reference, _timeout, rework=None, *, with_left):
            steps = tuple(written(step) for step in here.spec.inputs["image"].steps)
            way = steps if rework is None else _place(rework)
            asked_for.append(way)
            found = answers.get(way, (10, 12))
            if found is None:
                raise UnusableError("these values kill the child")
            return Recollected(
                first(found[0]), first(found[1]), commonest, left if with_left else None, seconds
            )

        monkeypatch.setattr(module, "recollected", recollected)
        here = case(alone)
        known = Recollected(first(plain[0]), first(plain[1]), commonest, left, seconds)
        draft = Draft(Options(), {}, recollected=known)
        return module.with_twofold(draft, here, setup(), lambda *_: None), asked_for

    return run


BOTH = tuple(written(step) for step in TWICE.inputs["image"].steps)
SINGLE = BOTH[:3]
RAW = BOTH[:1]


def named(here):
    return [f for check in (tried_steps.check, batch_norm.check) for f in check(here)]


def test_what_neither_restores_alone_is_proven_of_both(asked):
    here, _ = asked({SINGLE: (30, 98), RAW: (40, 99)})
    steps, statistics = named(here)
    assert [steps.rule, statistics.rule] == ["input-double-normalized", "bn-statistics-unconverged"]
    assert (steps.proof.before, steps.proof.after) == (0.1, 0.98)
    assert (statistics.proof.before, statistics.proof.after) == (0.3, 0.98)
    assert "collected anew" in steps.proof.action
    assert "The input is wrong, too" in statistics.message
    assert "raw pixels" in steps.message  # new statistics take out any scale


def test_pictures_in_another_layout_are_told_with_the_statistics(asked):
    here, _ = asked({"planes": (30, 99)})
    assert [f.rule for f in named(here)] == ["layout-nchw-nhwc", "bn-statistics-unconverged"]


@pytest.mark.parametrize(
    ("answers", "plain"),
    [
        ({SINGLE: (10, 66)}, (10, 60)),  # statistics alone are as good
        ({SINGLE: (93, 97)}, (10, 12)),  # steps alone are as good
        ({SINGLE: (12, 35)}, (10, 12)),  # most stays wrong
        ({SINGLE: None}, (10, 12)),
    ],
    ids=["statistics", "steps", "neither", "refused"],
)
def test_what_is_not_both_is_not_told_as_both(asked, answers, plain):
    here, _ = asked(answers, plain=plain)
    assert here.trials == ()
    assert here.renormalized == BROKEN


@pytest.mark.parametrize("alone", [None, replace(BROKEN, right_after=95)])
def test_nothing_is_asked_where_statistics_are_right_or_restore_by_themselves(asked, alone):
    assert asked({SINGLE: (12, 99)}, alone=alone)[1] == []


@pytest.mark.parametrize(("left", "words"), [(0.008, "scaled or shifted"), (None, "the same")])
def test_what_makes_up_for_a_scale_proves_the_steps_alone(asked, left, words):
    """Statistics that are right fail samples of another scale as wrong ones would."""
    here, _ = asked({"planes": (57, 100)}, left=left)
    steps, statistics = named(here)
    assert (steps.rule, steps.severity) == ("layout-nchw-nhwc", "error")
    assert (statistics.severity, statistics.proof) == ("warning", None)
    assert words in statistics.message


@pytest.mark.parametrize("commonest", [88, 97])
def test_what_names_the_commonest_class_is_told_of_nothing(asked, commonest):
    here, _ = asked({SINGLE: (30, 98)}, commonest=commonest)
    assert (here.trials, here.renormalized) == ((), BROKEN)


@pytest.mark.parametrize(("seconds", "is_asked"), [(5.1, False), (4.0, True)])
def test_what_is_known_is_not_asked_again_and_takes_its_share_of_time(asked, seconds, is_asked):
    asked_for = asked({SINGLE: (12, 99)}, seconds=seconds)[1]
    assert bool(asked_for) == is_asked
    assert BOTH not in asked_for


def test_a_way_that_restores_ends_the_search_with_its_group(asked):
    assert not {"moved", "planes"} & set(asked({SINGLE: (12, 99)})[1])
