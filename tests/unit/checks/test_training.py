"""Causes that training made: layers that stop the signal, models that learned the prior or nothing."""

from dataclasses import replace

import numpy as np
import pytest
from evidence import (
    compared,
    evidence,
    passed_over,
    seen_labels,
    spec,
)
from lost_models import DEAD, LAST, heard, layer, rules, seen
from models import float_dense

from edgecheck.checks import batch_norm, label_order, learning, signal
from edgecheck.checks.evidence import NotApplicable
from edgecheck.compare.renormalized import Renormalized
from edgecheck.compare.trials import Trial
from edgecheck.preprocess.alternatives import Change
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.reader import read_model


def restored():
    """A trial of another range that meets all labels."""
    change = Change("scaling", "pixels in 0..255", made=(0.0, 255.0))
    return Trial("image", change, 64, 30, 64, 1e-9)


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


def nearly_restored(right, p):
    """A trial of another range on few samples."""
    change = Change("scaling", "pixels in 0..255", made=(0.0, 255.0))
    return Trial("image", change, 20, 10, right, p)


@pytest.mark.parametrize(
    ("trial", "severity"),
    [
        (nearly_restored(17, 0.016), "warning"),
        (nearly_restored(17, 0.2), "error"),  # as many got worse
        (nearly_restored(11, 0.04), "error"),  # no model that knows anything
    ],
)
def test_a_scaling_that_helps_too_few_samples_leaves_a_suspicion(trial, severity):
    railed = heard(layer(0, op="TANH", railed=0.99), layer(1, **LAST))
    (found,) = signal.check(seen(signal=railed, trials=(trial,)))
    assert found.severity == severity
    assert ("With pixels in 0..255, 17 of 20 samples" in found.message) == (severity == "warning")


RARE = {"accuracy": 0.8, "counts": (160, 40), "top": (200, 0), "confusion": [[160, 0], [40, 0]]}


NEARLY = {"accuracy": 0.8, "counts": (160, 40), "top": (194, 6), "confusion": [[156, 4], [38, 2]]}


@pytest.mark.parametrize(
    ("case", "means", "severity"),
    [
        (RARE, (0.81, 0.19), "error"),
        (RARE, (0.999, 0.001), "error"),  # it names nothing else
        (NEARLY, (0.81, 0.19), "error"),
        (NEARLY, (0.999, 0.001), "warning"),
    ],
)
def test_a_model_that_names_the_commonest_class_only_learned_the_prior(case, means, severity):
    listened = heard(layer(0, **LAST, probabilities=means))
    found = list(learning.check(seen(**case, signal=listened)))
    assert [(f.rule, f.severity) for f in found] == [("class-prior-collapse", severity)]
    others = case["confusion"][1]
    assert (found[0].evidence["others"], found[0].evidence["others_met"]) == (
        sum(others),
        others[1],
    )


def test_mean_probabilities_are_those_of_the_judged_output_in_the_judged_model():
    head = layer(0, **LAST, probabilities=(0.8, 0.2))
    other = layer(1, **LAST, probabilities=(0.1, 0.9))
    listened = replace(heard(head, other), outputs={"output": head.tensor, "more": other.tensor})

    def divergence(signal):
        (found,) = learning.check(seen(**RARE, signal=signal))
        return found.evidence["divergence"]

    assert divergence(listened) == pytest.approx(0, abs=1e-9)
    assert divergence(replace(listened, outputs={"more": other.tensor})) is None
    assert divergence(replace(listened, who="twin")) is None  # the reference was judged


@pytest.mark.parametrize(
    ("confusion", "expected"),
    [
        ([[52, 48], [34, 66]], []),  # 59 %: a hard task, and no accident
        ([[50, 50], [46, 54]], [("undertrained", "warning")]),
        ([[175, 5], [17, 3]], []),  # rare ones are hardly met, but some are, and not by chance
    ],
)
def test_a_task_that_is_hard_is_no_lack_of_training(confusion, expected):
    right, total = confusion[0][0] + confusion[1][1], sum(map(sum, confusion))
    counts, top = (
        [sum(row) for row in confusion],
        [sum(column) for column in zip(*confusion, strict=True)],
    )
    assert rules(learning.check, seen(right / total, counts, top, confusion)) == expected


def test_imbalanced_data_that_are_known_are_no_collapse():
    case = seen(0.95, (160, 40), (165, 35), [[158, 2], [8, 32]])
    assert rules(learning.check, case) == []


def test_a_collapse_to_another_class_is_not_the_prior():
    case = seen(0.2, (160, 40), (0, 200), [[0, 160], [0, 40]])
    assert rules(learning.check, case) == [("undertrained", "warning")]


def test_a_model_that_guesses_is_only_suspected_and_says_its_numbers():
    (finding,) = learning.check(seen(0.55))
    assert (finding.rule, finding.severity) == ("undertrained", "warning")
    assert "right on 55% of 200 labelled samples, where always naming" in finding.message


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


def test_samples_of_one_label_show_no_order():
    assert rules(label_order.check, seen(0.0, (200, 0), (0, 200), [[0, 200], [0, 0]])) == []


ANEW = Renormalized(2, "norm", 3.0, 100, 30, 95, 1e-12, left=2.0)


def test_statistics_that_restore_the_answers_are_a_proven_cause():
    (finding,) = batch_norm.check(seen(0.5, renormalized=ANEW))
    assert finding.rule == "bn-statistics-unconverged"
    assert (finding.proof.before, finding.proof.after) == (0.3, 0.95)


def test_new_statistics_that_help_a_little_are_a_warning():
    better = replace(ANEW, samples=200, right_before=120, right_after=150)  # of 80 wrong answers 30
    (finding,) = batch_norm.check(seen(0.6, renormalized=better))
    assert finding.severity == "warning"


@pytest.mark.parametrize("left", [0.008, None])
def test_new_statistics_that_may_only_make_up_for_a_scale_prove_nothing(left):
    (finding,) = batch_norm.check(seen(0.5, renormalized=replace(ANEW, left=left)))
    assert (finding.severity, finding.proof) == ("warning", None)
    assert "scaled or shifted otherwise" in finding.message
    assert "scale and offset" in finding.fix


@pytest.mark.parametrize(
    "parts",
    [
        {"renormalized": replace(ANEW, right_after=35)},
        {"renormalized": replace(ANEW, commonest=94)},  # one class named for all is as good
        {"trials": (restored(),)},
    ],
)
def test_statistics_that_do_not_help_or_that_steps_explain_are_no_cause(parts):
    assert rules(batch_norm.check, seen(0.5, **{"renormalized": ANEW, **parts})) == []


def test_labels_out_of_step_are_named_where_answers_have_the_shares_of_the_labels():
    other = [[0, 60, 40], [40, 0, 60], [60, 40, 0]]
    counts = (100, 100, 100)
    (finding,) = learning.check(seen(0.0, counts, counts, other))
    assert "may be out of step with the samples" in finding.message
    lopsided = [[100, 0, 0], [100, 0, 0], [100, 0, 0]]
    (finding,) = learning.check(seen(1 / 3, counts, (300, 0, 0), lopsided))
    assert "out of step" not in finding.message


def test_what_calibration_saw_is_better_evidence_than_undertrained(monkeypatch):
    """The file takes -1 to 1, and the spec promises 0 to 1."""
    monkeypatch.setattr(learning, "blamed_elsewhere", lambda _: "")
    promised = spec({"image": {"range": (0.0, 1.0)}})
    with pytest.raises(NotApplicable, match="speaks for other steps"):
        list(learning.check(seen(0.5, spec=promised)))


def test_a_mere_suspicion_does_not_silence_a_layer_that_stops_the_signal(monkeypatch):
    case = seen(signal=DEAD)
    monkeypatch.setattr(
        signal, "blamed_elsewhere", lambda _, for_sure=False: "" if for_sure else "x"
    )
    assert rules(signal.check, case) == [("dead-activations", "warning")]
    monkeypatch.setattr(signal, "blamed_elsewhere", lambda _, **__: "x")
    with pytest.raises(NotApplicable, match="x explains it"):
        list(signal.check(case))


@pytest.mark.parametrize("fresh", [False, True])
def test_weights_as_drawn_are_told_beside_what_else_is_wrong(monkeypatch, fresh):
    monkeypatch.setattr(learning, "blamed_elsewhere", lambda _: "x")
    with pytest.raises(NotApplicable, match="x explains it"):
        list(learning.check(seen(0.5)))
    monkeypatch.setattr(learning, "layers_as_drawn", lambda _: 3)
    monkeypatch.setattr(learning, "_is_fresh", lambda _: fresh)
    if not fresh:
        assert rules(learning.check, seen(0.5)) == [("undertrained", "warning")]
        return
    with pytest.raises(NotApplicable, match="x explains it"):
        list(learning.check(seen(0.5)))


TEN = np.diag(np.full(10, 20))
"""Labels of ten classes, by rows, and answers of half of the samples: all are right."""


def of_ten(halves):
    """Evidence of a model that is asked twice 200 samples of ten classes."""
    right = int(np.trace(halves)) / int(halves.sum())
    labelled = seen_labels(
        labelled=2 * int(halves.sum()), class_counts=dict.fromkeys(range(10), 40), highest=9,
        candidate_accuracy=right, reference_accuracy=right, confusion=np.stack([halves, halves]),
    )  # fmt: skip
    return evidence(comparison=passed_over(compared(labels=labelled)))


def test_two_exchanged_classes_of_many_are_named():
    (finding,) = label_order.check(of_ten(TEN[[0, 1, 5, 3, 4, 2, 6, 7, 8, 9]]))
    assert finding.evidence["order"] == [[2, 5], [5, 2]]
    assert (finding.proof.before, finding.proof.after) == (0.8, 1.0)


def test_a_class_that_the_model_never_knew_is_no_order_of_labels():
    halves = TEN.copy()
    halves[2] = np.roll(TEN[2], 3)  # all that is 2 is called 5, and what is 5 as well
    assert rules(label_order.check, of_ten(halves)) == []


def test_two_exchanged_classes_are_not_enough_where_most_errors_are_others():
    halves = TEN[[0, 1, 5, 3, 4, 2, 6, 7, 8, 9]] - 12 * np.eye(10, dtype=int) * (np.arange(10) > 5)
    halves += 4 * (np.arange(10)[:, None] > 5) * (np.arange(10) < 3)
    assert rules(label_order.check, of_ten(halves)) == []


def believing(mean, monkeypatch):
    """What is said of a model with weights as drawn, and that mean probability of the first class."""
    monkeypatch.setattr(learning, "layers_as_drawn", lambda _: 3)
    scores = layer(0, probabilities=(mean, 1 - mean), **LAST)
    return rules(learning.check, seen(signal=heard(scores), **RARE))


def test_weights_as_drawn_learned_the_prior_if_they_believe_in_it(monkeypatch):
    assert believing(0.95, monkeypatch) == [("class-prior-collapse", "warning")]


def test_weights_as_drawn_that_name_one_class_by_chance_are_undertrained(monkeypatch):
    assert believing(0.55, monkeypatch) == [("undertrained", "error")]


@pytest.mark.parametrize(
    ("left", "named"), [(None, False), (0.04, False), (1.2, True)], ids=["unasked", "gone", "left"]
)
def test_statistics_that_stay_wrong_with_other_steps_are_the_cause(left, named):
    """Both meet all labels."""
    anew = replace(ANEW, right_after=100, fed=left)
    found = rules(batch_norm.check, seen(0.5, renormalized=anew, trials=(restored(),)))
    assert found == ([("bn-statistics-unconverged", "error")] if named else [])


@pytest.mark.parametrize(
    ("size", "rule"), [(1e-3, "saturated-or-vanished"), (1.0, "dead-activations")]
)
def test_zeros_behind_tiny_weights_have_vanished(size, rule):
    data = float_dense(np.full((4, 64), size / 8, np.float32), np.full(4, -1, np.float32))
    model = read_model(data)
    parts = {"data": data, "model": model, "contract": contract_of(model), "signal": DEAD}
    assert rules(signal.check, seen(**parts)) == [(rule, "error")]


@pytest.mark.parametrize(("accuracy", "severity"), [(0.55, "error"), (0.7, "warning"), (0.8, None)])
def test_weights_as_drawn_speak_for_little_training_where_half_of_the_way_is_missing(
    monkeypatch, accuracy, severity
):
    monkeypatch.setattr(learning, "layers_as_drawn", lambda _: 3)
    found = list(learning.check(seen(accuracy)))
    assert [each.severity for each in found] == ([] if severity is None else [severity])
    assert all(("may be hardly" in each.message) == (severity == "warning") for each in found)


def test_weights_as_drawn_are_told_beside_a_layer_that_stops_the_signal(monkeypatch):
    monkeypatch.setattr(learning, "layers_as_drawn", lambda _: 3)
    assert rules(learning.check, seen(signal=DEAD)) == [("undertrained", "warning")]
