import pytest
from faults import score
from faults.score import NOTHING, Answer
from hypothesis import given
from hypothesis import strategies as st

ERROR, WARNING, INFO = ("b", "error", "symptom"), ("w", "warning", "cause"), ("n", "info", "note")


def answer(kind="fault", **changes):
    expected = {"fault": (("a",),), "control": (), "pair": (("a",), ("b",))}[kind]
    known = {
        "id": "x", "kind": kind, "base": "signs", "seed": 0, "variant": "a.v",
        "area": "input" if kind == "fault" else "", "command": "validate", "expected": expected,
    }  # fmt: skip
    return Answer(**{**known, **changes})


def test_an_error_is_a_detection_and_a_warning_is_none():
    assert score.is_detected(answer(findings=(INFO, ERROR)))
    assert not score.is_detected(answer(findings=(INFO, WARNING)))


def test_exit_1_is_a_detection_of_match_only():
    assert score.is_detected(answer(command="match", exit_code=1))
    assert not score.is_detected(answer(exit_code=1))


def test_a_note_is_detected_by_its_own_finding_only():
    assert score.is_detected(answer(is_note=True, findings=(("a", "info", "note"),)))
    assert not score.is_detected(answer(is_note=True, findings=(ERROR,)))


def test_a_note_beside_another_cause_is_named_wrong():
    found = answer(is_note=True, findings=(("a", "info", "note"),), causes=(("c", "likely"),))
    assert score.named(found) == ["c"]
    assert not score.is_right(found, 3)


def test_causes_count_in_order_and_each_once():
    found = answer(causes=(("c", "likely"), ("c", "likely"), ("d", "likely"), ("a", "suspected")))
    assert score.named(found) == ["c", "d", "a"]
    assert not score.is_right(found, 1)
    assert score.is_right(found, 3)


def test_match_names_what_its_findings_name_but_no_harmless_notes():
    found = answer(command="match", findings=(INFO, WARNING, ERROR))
    assert score.named(found) == ["w", "b"]


def test_an_alternative_name_is_right_only_where_it_is_stated():
    found = {"causes": (("c", "likely"),)}
    assert not score.is_right(answer(**found), 1)
    assert score.is_right(answer(expected=(("a", "c"),), **found), 1)


def test_a_pair_needs_both_names():
    assert not score.is_right(answer("pair", causes=(("a", "likely"), ("c", "likely"))), 3)
    assert score.is_right(answer("pair", causes=(("b", "likely"), ("a", "likely"))), 3)


def test_a_named_cause_or_an_error_is_a_false_alarm():
    assert score.is_false_alarm(answer("control", findings=(ERROR,)))
    assert score.is_false_alarm(answer("control", causes=(("c", "suspected"),)))
    assert not score.is_false_alarm(answer("control", findings=(WARNING, INFO)))


def test_a_failed_run_misses_its_fault_and_is_no_healthy_run():
    failed = {"failure": "exit 70", "causes": (("a", "proven"),), "findings": (ERROR,)}
    found = score.rates([answer(**failed), answer("control", **failed)])
    assert (found["recall"].value, found["recall"].n) == (0, 1)
    assert found["top1"].value == 0
    assert found["false_alarm_rate"].n == 0


def test_benign_cases_are_in_no_rate():
    found = score.rates([answer(is_benign=True, findings=(ERROR,), causes=(("a", "proven"),))])
    assert {share.n for share in found.values()} == {0}
    assert score.confusion([answer(is_benign=True)]) == {}


def test_proof_is_asked_of_right_validations_only():
    right, wrong = (("a", "proven"),), (("c", "proven"),)
    answers = [
        answer(causes=right),
        answer(causes=(("a", "likely"),)),
        answer(causes=wrong),
        answer(command="match", causes=right),
    ]
    found = score.rates(answers)["proof_rate"]
    assert (found.value, found.n) == (0.5, 2)


def test_confusion_counts_the_first_name():
    answers = [answer(causes=(("c", "likely"),))] * 2 + [
        answer(causes=(("a", "likely"),)),
        answer(),
    ]
    assert score.confusion(answers) == {"a": {"c": 2, "a": 1, NOTHING: 1}}


def test_groups_leave_out_what_they_cannot_say():
    found = score.grouped([answer(), answer(area="file")], lambda each: each.area)
    assert list(found) == ["file", "input"]
    assert set(found["file"]) == {"recall", "top1", "top3"}


def test_baselines_are_asked_of_harmful_faults_and_controls():
    said = {"one-class": True, "cosine": False}
    answers = [
        answer(alarms=said),
        answer(alarms=dict.fromkeys(said, False)),
        answer(alarms=said, is_note=True),
        answer("control", alarms=said),
    ]
    found = score.baseline_rates(answers)
    assert found["one-class"]["recall"].value == 0.5
    assert found["one-class"]["false_alarm_rate"].value == 1
    assert found["cosine"]["recall"].value == 0


@given(
    st.lists(
        st.builds(
            lambda causes, errors: answer(causes=tuple((c, "likely") for c in causes),
                                          findings=(ERROR,) * errors),
            st.lists(st.sampled_from("abcd"), max_size=4),
            st.integers(0, 1),
        ),
        max_size=20,
    )
)  # fmt: skip
def test_rates_are_plain_counts(answers):
    found = score.rates(answers)
    first = [dict.fromkeys(rule for rule, _ in each.causes) for each in answers]
    counts = {
        "recall": sum(bool(each.findings) for each in answers),
        "top1": sum(list(names)[:1] == ["a"] for names in first),
        "top3": sum("a" in list(names)[:3] for names in first),
    }
    for name, hits in counts.items():
        assert found[name].n == len(answers)
        if answers:
            assert found[name].value == pytest.approx(hits / len(answers))
