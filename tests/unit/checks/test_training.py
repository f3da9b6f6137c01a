"""Causes that training made: layers that stop the signal, models that learned the prior or nothing."""

from dataclasses import replace

import numpy as np
import pytest
from evidence import compared, evidence, moved, passed_over, seen_labels, seen_output

from edgecheck.checks import batch_norm, label_order, learning, signal
from edgecheck.checks.evidence import NotApplicable
from edgecheck.compare.renormalized import Renormalized
from edgecheck.compare.signal import LayerSignal, Signal
from edgecheck.compare.trials import Trial
from edgecheck.preprocess.alternatives import Change

PLAIN = LayerSignal(
    index=-1, op="INPUT", name="x", tensor=0, inputs=(), deviation=1.0, units=8, dead=0,
    railed=None, is_output=False, decides=False,
)  # fmt: skip


def layer(index, **changes):
    """The operator of this number, which reads the one before."""
    own = {"index": index, "op": "FULLY_CONNECTED", "name": f"t{index}", "tensor": index + 1}
    return replace(PLAIN, **{**own, "deviation": 0.5, "inputs": (index,), **changes})


def heard(*layers, who="reference"):
    return Signal(who, 128, (PLAIN, *layers))


LAST = {"decides": True, "is_output": True}


def labels(accuracy, counts=(100, 100), confusion=None):
    """Of 200 samples of two classes, met so often by both models."""
    if confusion is None:
        right = [round(accuracy * each) for each in counts]
        confusion = [[right[0], counts[0] - right[0]], [counts[1] - right[1], right[1]]]
    half = np.array(confusion, np.int64)
    return seen_labels(
        labelled=sum(counts), class_counts=dict(enumerate(counts)), highest=1,
        candidate_accuracy=accuracy, reference_accuracy=accuracy,
        confusion=np.stack([half // 2, half - half // 2]),
    )  # fmt: skip


def seen(accuracy=0.5, counts=(100, 100), top=(120, 80), confusion=None, **parts):
    """Evidence of a reference and its candidate that meet labels so often."""
    output = compared(
        labels=labels(accuracy, counts, confusion),
        candidate=seen_output(class_counts=np.array(top)),
        reference=seen_output(class_counts=np.array(top)),
    )
    return evidence(comparison=passed_over(output), sensitivities=(moved(),), **parts)


def rules(check, case):
    return [(finding.rule, finding.severity) for finding in check(case)]


def restored():
    """A trial of another range that meets all labels."""
    change = Change("scaling", "pixels in 0..255", made=(0.0, 255.0))
    return Trial("image", change, 64, 30, 64, 1e-9)


DEAD = heard(layer(0), layer(1, dead=8, deviation=0.0), layer(2, deviation=0.0, **LAST))


def test_a_layer_without_a_living_unit_is_named():
    (finding,) = signal.check(seen(signal=DEAD))
    assert (finding.rule, finding.severity) == ("dead-activations", "error")
    assert finding.evidence["index"] == 1
    assert not finding.evidence["is_last"]


def test_a_third_of_dead_units_is_no_cause_even_of_a_lost_model():
    assert rules(signal.check, seen(signal=heard(layer(0, dead=3), layer(1, **LAST)))) == []


def test_a_dead_branch_beside_a_living_one_is_no_cause():
    aside = layer(1, inputs=(1,), dead=8, deviation=0.0)
    joined = layer(2, inputs=(1, 2), **LAST)
    assert rules(signal.check, seen(signal=heard(layer(0), aside, joined))) == []


def test_steps_that_restore_the_answers_win():
    with pytest.raises(NotApplicable, match="explains it"):
        list(signal.check(seen(signal=DEAD, trials=(restored(),))))


@pytest.mark.parametrize(
    ("deviations", "named"), [((0.1, 0.006, 0.001), 1), ((0.5, 0.04, 0.04), None)]
)
def test_the_first_layer_with_hardly_any_signal_is_named(deviations, named):
    layers = [layer(index, op="LOGISTIC", deviation=d) for index, d in enumerate(deviations)]
    found = list(signal.check(seen(signal=heard(*layers, layer(3, **LAST)))))
    assert [f.evidence["index"] for f in found] == ([] if named is None else [named])


def test_a_steady_output_behind_a_lively_layer_has_not_vanished():
    assert rules(signal.check, seen(signal=heard(layer(0), layer(1, deviation=1e-4, **LAST)))) == []


@pytest.mark.parametrize(("accuracy", "expected"), [(0.5, ["saturated"]), (0.98, [])])
def test_rails_matter_only_to_a_model_in_trouble(accuracy, expected):
    railed = heard(layer(0, op="TANH", railed=0.99), layer(1, **LAST))
    assert [f.evidence["kind"] for f in signal.check(seen(accuracy, signal=railed))] == expected


def test_a_confident_output_is_not_saturated():
    confident = heard(layer(0), layer(1, op="LOGISTIC", railed=1.0, is_output=True))
    assert rules(signal.check, seen(signal=confident)) == []


RARE = {"accuracy": 0.8, "counts": (160, 40), "top": (200, 0), "confusion": [[160, 0], [40, 0]]}


@pytest.mark.parametrize(
    ("means", "severity"), [((0.81, 0.19), "error"), ((0.999, 0.001), "warning")]
)
def test_a_model_that_names_the_commonest_class_only_learned_the_prior(means, severity):
    listened = heard(layer(0, **LAST, probabilities=means))
    found = list(learning.check(seen(**RARE, signal=listened)))
    assert [(f.rule, f.severity) for f in found] == [("class-prior-collapse", severity)]
    assert (found[0].evidence["others"], found[0].evidence["others_met"]) == (40, 0)


def test_imbalanced_data_that_are_known_are_no_collapse():
    case = seen(0.95, (160, 40), (165, 35), [[158, 2], [8, 32]])
    assert rules(learning.check, case) == []


def test_a_collapse_to_another_class_is_not_the_prior():
    case = seen(0.2, (160, 40), (0, 200), [[0, 160], [0, 40]])
    assert rules(learning.check, case) == [("undertrained", "warning")]


def test_a_model_that_guesses_is_only_suspected_and_says_its_numbers():
    (finding,) = learning.check(seen(0.55))
    assert (finding.rule, finding.severity) == ("undertrained", "warning")
    assert "right on only 55% of 200 labelled samples (chance 50%)" in finding.message


@pytest.mark.parametrize("accuracy", [0.7, 0.98])
def test_a_hard_task_is_not_undertrained(accuracy):
    assert rules(learning.check, seen(accuracy)) == []


def test_a_dead_layer_explains_a_guessing_model():
    with pytest.raises(NotApplicable, match="stops the signal"):
        list(learning.check(seen(0.5, signal=DEAD)))


def test_swapped_labels_are_proven_and_leave_nothing_to_training():
    case = seen(0.05)
    (finding,) = label_order.check(case)
    assert finding.rule == "label-order-or-offset"
    assert finding.evidence["order"] == [[0, 1], [1, 0]]
    assert (finding.proof.before, finding.proof.after) == (0.05, 0.95)
    with pytest.raises(NotApplicable, match="label-order-or-offset explains it"):
        list(learning.check(case))


@pytest.mark.parametrize("accuracy", [0.4, 0.5, 0.95])
def test_labels_that_no_order_meets_are_left_alone(accuracy):
    assert rules(label_order.check, seen(accuracy)) == []


def test_a_collapse_is_no_order_of_labels():
    assert rules(label_order.check, seen(0.2, (160, 40), (0, 200), [[0, 160], [0, 40]])) == []


ANEW = Renormalized(2, "norm", 3.0, 100, 30, 95, 1e-12)


def test_statistics_that_restore_the_answers_are_a_proven_cause():
    (finding,) = batch_norm.check(seen(0.5, renormalized=ANEW))
    assert finding.rule == "bn-statistics-unconverged"
    assert (finding.proof.before, finding.proof.after) == (0.3, 0.95)


@pytest.mark.parametrize(
    "parts", [{"renormalized": replace(ANEW, right_after=35)}, {"trials": (restored(),)}]
)
def test_statistics_that_do_not_help_or_that_steps_explain_are_no_cause(parts):
    assert rules(batch_norm.check, seen(0.5, **{"renormalized": ANEW, **parts})) == []
