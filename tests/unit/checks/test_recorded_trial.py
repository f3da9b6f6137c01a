"""Labels beside the range that calibration recorded, where a float model bears other values as well."""

import pytest
from evidence import compared, evidence, passed_over, seen_input, seen_labels, spec, tensor

from edgecheck.checks import calibration, inputs, recorded_steps, recorded_trial
from edgecheck.checks.recorded_trial import preferred_record, proof_of_record
from edgecheck.compare.trials import Trial
from edgecheck.metrics.paired import mcnemar_p
from edgecheck.preprocess.alternatives import Change
from edgecheck.quantization import QuantParams
from edgecheck.tflite.graph import Port

UNIT, SIGNED, RAW = (0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)


def scaled(made, before, after, fed=None):
    """Of 128 samples, none of which the change makes wrong, nor does the other model notice it."""
    change = Change("scaling", f"pixels in {made}", made)
    p = mcnemar_p(max(before - after, 0), max(after - before, 0))
    return Trial("image", change, 128, before, after, p, fed, 125, commonest=16)


def case(*trials, recorded=UNIT, fed=RAW, **section):
    """A reference that is right, and an int8 candidate that cuts off what it is fed."""
    scale = (recorded[1] - recorded[0]) / 255
    params = QuantParams((scale,), (round(-128 - recorded[0] / scale),))
    labels = seen_labels(candidate_accuracy=0.1, reference_accuracy=0.95)
    entry = seen_input(low=fed[0], high=fed[1], clipped=38000)
    return evidence(
        ports={"image": Port("image", tensor(shape=(1, 8, 8, 3), quantization=params))},
        spec=spec({"image": {"kind": "array", **section}}),
        comparison=passed_over(compared(labels=labels), inputs=(entry,)),
        trials=trials,
    )


@pytest.fixture(autouse=True)
def suits(monkeypatch):
    """What the first weights are made for; nothing unless told."""

    def told(span=None):
        monkeypatch.setattr(recorded_trial, "suits_better", lambda _e, _n, new, _old: new == span)

    told()
    return told


@pytest.mark.parametrize(
    ("trial", "is_preferred"),
    [
        (scaled(UNIT, 116, 127), True),
        (scaled(UNIT, 122, 128), True),  # 6 of 6: 0.03
        (scaled(UNIT, 123, 128), False),  # 5 of 5: 0.06
        (scaled(UNIT, 100, 110), False),  # not half
        (scaled(SIGNED, 116, 127), False),  # not what is recorded
        (scaled(UNIT, 116, 127, fed="candidate"), False),
        (scaled(UNIT, 2, 20), False),  # hardly more than by naming one class
    ],
)
def test_labels_decide_between_the_record_and_the_spec(trial, is_preferred):
    found = preferred_record(case(trial), "image")
    assert (found is trial) == is_preferred


def test_far_smaller_values_that_do_as_well_are_those_of_training_if_weights_suit_them(suits):
    same, worse = scaled(UNIT, 125, 125), scaled(UNIT, 125, 120)
    assert preferred_record(case(same), "image") is None
    suits(UNIT)
    assert preferred_record(case(same), "image") is same
    assert preferred_record(case(worse), "image") is None  # biases count then, and are wrong
    assert preferred_record(case(same, fed=SIGNED), "image") is None  # not far


def test_the_steps_are_named_and_not_the_calibration():
    told = scaled(UNIT, 122, 128), scaled(UNIT, 15, 125, fed="candidate")
    given = case(*told)
    (finding,) = recorded_steps.check(given)
    assert (finding.rule, finding.severity) == ("input-not-normalized", "error")
    assert (finding.proof.metric, finding.proof.after) == ("agreement", 125 / 128)
    assert [f.severity for f in calibration.check(given)] == ["info"]
    assert [f.severity for f in calibration.check(case())] == ["error"]


def test_without_a_candidate_that_it_brings_back_it_is_no_proof():
    trial = scaled(UNIT, 122, 128)
    for alone in (scaled(UNIT, 15, 40, "candidate"), scaled(SIGNED, 15, 125, "candidate")):
        assert proof_of_record(case(trial, alone), trial) is None


def test_a_broken_promise_is_proven_by_it_too():
    told = scaled(UNIT, 122, 128), scaled(UNIT, 15, 125, fed="candidate")
    given = case(*told, range=UNIT)
    (finding,) = inputs.check_range(given)
    assert (finding.rule, finding.proof.after) == ("input-not-normalized", 125 / 128)
    assert list(recorded_steps.check(given)) == []  # told already
