from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from evidence import (
    compared,
    evidence,
    passed_over,
    seen_input,
    seen_labels,
    seen_pair,
    spec,
    tensor,
)

from edgecheck.compare.entrant import Entrant, Trained
from edgecheck.compare.experiment import Setup
from edgecheck.compare.trials import Trial
from edgecheck.errors import UnusableError
from edgecheck.measurements import BatchNorm
from edgecheck.preprocess.alternatives import Change, alternatives
from edgecheck.preprocess.pixel_alternatives import written
from edgecheck.runs import witness
from edgecheck.runs.draft import Draft, Options
from edgecheck.runs.recollected import Recollected
from edgecheck.runtime.trained.batch_norm import ObservedNorm
from edgecheck.samples.chunk import Chunk
from edgecheck.tflite.graph import Contract, Port

NORM = ObservedNorm("norm", 8, 0.5, 2.0, 0.75, 1.25)


class Rows:
    """600 pictures."""

    def __len__(self):
        return 600

    def chunks(self, size):
        for first in range(0, 600, size):
            count = min(size, 600 - first)
            ids = tuple(f"s{first + n}" for n in range(count))
            yield Chunk(ids, {"image": np.full((count, 8, 8, 3), first, np.float32)}, None)


def setup(trained=True):
    port = Port("image", tensor(dtype="float32", quantization=None))
    contract = Contract((port,), (), 0, None, has_state=False)
    how = Trained("keras", None, allow_code=False) if trained else None
    model = evidence().model
    entrant = Entrant("reference", Path("m.keras"), model, contract, {"image": port}, how)
    return Setup(spec(), Rows(), entrant, entrant, (), 1, 5.0)


def lost():
    pair = seen_pair(agreement=0.2, agreement_interval=(0.1, 0.3))
    return evidence(comparison=passed_over(compared(pair=pair)))


def guessing():
    labels = seen_labels(candidate_accuracy=0.1, reference_accuracy=0.1)
    return evidence(comparison=passed_over(compared(labels=labels)))


@pytest.fixture
def heard(monkeypatch):
    """Runs the witness: (what was reported, outcomes, number of samples that the child got)."""
    seen = []

    def fake(job, feeds, timeout, _kept):
        assert timeout > 0
        assert job.backend == "keras"
        seen.append(len(np.load(feeds["image"])))
        return (NORM,)

    monkeypatch.setattr(witness, "observed_norms", fake)

    def run(case, layers="auto", **fields):
        draft = Draft(replace(Options(), layers=layers), {})
        found = witness.hear_witness(draft, case, setup(**fields))
        return found, [(c.name, c.status) for c in draft.checks], seen

    return run


@pytest.mark.parametrize(
    ("case", "layers"), [(lost(), "auto"), (guessing(), "auto"), (evidence(), "always")]
)
def test_it_is_heard_where_something_is_wrong_or_everything_is_asked_for(heard, case, layers):
    found, outcomes, samples = heard(case, layers)
    assert [(norm.layer, norm.kl_median, norm.shift_median) for norm in found] == [
        ("norm", 0.5, 0.75)
    ]
    assert outcomes == [("batch-normalization", "passed")]
    assert samples == [256]  # of 600


@pytest.mark.parametrize(
    ("case", "layers", "trained"),
    [(evidence(), "auto", True), (lost(), "never", True), (lost(), "always", False)],
)
def test_otherwise_nothing_is_run_or_told(heard, case, layers, trained):
    assert heard(case, layers, trained=trained) == ((), [], [])


def test_a_model_that_the_child_cannot_take_apart_is_a_reason_and_no_error(heard, monkeypatch):
    def refuses(*_):
        raise UnusableError("m.keras cannot be used: too large")

    monkeypatch.setattr(witness, "observed_norms", refuses)
    found, outcomes, _ = heard(lost())
    assert (found, outcomes) == ((), [("batch-normalization", "skipped")])


UNIT = spec(
    {"image": {"kind": "image", "layout": "NHWC", "steps": ({"rescale": {"scale": 1 / 255}},)}}
)
RIGHT = Recollected(np.arange(100) < 60, np.arange(100) < 95, 50, 0.4, 1.5)
"""Of 100 samples: what is answered rightly before and after statistics are collected anew."""


def helpful(key, right=124, samples=128):
    """A trial by labels of another scaling, with which so many more are met."""
    known = alternatives(UNIT.inputs["image"], (8, 8, 3), (0.0, 1.0))
    (change,) = (change for change, _ in known if change.key == key)
    return Trial("image", change, samples, 70, right, 1e-9)


@pytest.fixture
def anew(monkeypatch):
    """Collects anew for a model that meets 60 % of its labels: (trials, those whose steps fit) -> result."""

    def run(trials, fitting=(), accuracy=0.6):
        wanted = [written(step) for key in fitting for step in _steps_of(key)]

        def observed(case, *_):
            steps = [written(step) for step in case.spec.inputs["image"].steps]
            return (replace(NORM, kl_median=0.001 if steps == wanted else 0.4),)

        monkeypatch.setattr(witness, "_observed", observed)
        monkeypatch.setattr(witness, "recollected", lambda *_: RIGHT)
        labels = seen_labels(candidate_accuracy=accuracy, reference_accuracy=accuracy)
        seen = passed_over(compared(labels=labels), inputs=(seen_input(low=0.0, high=1.0),))
        draft, case = Draft(Options(), {}), evidence(comparison=seen, trials=trials)
        here = replace(setup(), spec=UNIT)
        norms = (BatchNorm("norm", 8, 0.5, 2.0, 0.7, 1.2),)
        found = witness.renormalize(draft, case, here, norms)
        assert draft.recollected is (None if found is None else RIGHT)  # for what comes next
        return found

    return run


def _steps_of(key):
    known = alternatives(UNIT.inputs["image"], (8, 8, 3), (0.0, 1.0))
    return next(other.steps for change, other in known if change.key == key)


def test_a_model_that_is_often_wrong_collects_anew_though_it_does_not_guess(anew):
    found = anew(())
    assert (found.right_before, found.right_after, found.fed) == (60, 95, None)
    assert (found.commonest, found.left) == (50, 0.4)


def test_a_model_that_is_mostly_right_is_left_alone(anew):
    assert anew((), accuracy=0.95) is None


def test_steps_with_which_the_stored_statistics_fit_explain_all(anew):
    trials = helpful("signed-range"), helpful("imagenet", right=125)
    assert anew(trials, fitting=["signed-range"]) is None


def test_steps_that_leave_the_statistics_wrong_meet_labels_by_luck(anew):
    assert anew((helpful("imagenet"),)).fed == 0.4


def test_what_cannot_be_put_to_the_statistics_is_believed_where_it_restores(anew):
    turned = replace(helpful("imagenet"), change=Change("orientation", "turned", key="rot180"))
    assert anew((turned,)) is None
    assert anew((replace(turned, right_after=90),)).fed is None
