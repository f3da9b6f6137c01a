from dataclasses import replace

import pytest
from rule_examples import example

from edgecheck.diagnosis.experiments.table import EXPERIMENTS
from edgecheck.diagnosis.places import PLACES, SYMPTOMS
from edgecheck.diagnosis.ranking import may_explain, ranked
from edgecheck.findings import Finding, Proof, Subject
from edgecheck.rules.catalogue import RULES, area_of
from edgecheck.verdict import RUNTIME_REFUSALS

NAMES = {rule.name for rule in RULES}
CAUSES = {rule.name for rule in RULES if rule.role == "cause"}


def finding(rule):
    return replace(
        Finding.of(example(rule), Subject("model", "m"), severity="error"),
        role=(
            "symptom" if rule in SYMPTOMS else "cause"  # notes become causes where trials speak
        ),
    )


def test_every_rule_that_is_a_cause_has_a_place_and_no_other_name_has():
    assert not CAUSES - PLACES.keys(), "add them to PLACES in diagnosis/places.py"
    assert not PLACES.keys() - NAMES
    assert not EXPERIMENTS.keys() - PLACES.keys()


def test_every_rule_that_is_a_symptom_says_what_it_shows():
    assert SYMPTOMS.keys() == {rule.name for rule in RULES if rule.role == "symptom"}


def test_what_only_a_dump_shows_is_what_match_names():
    device = {rule.name for rule in RULES if area_of(rule) == "device" and rule.role == "cause"}
    assert {rule for rule, place in PLACES.items() if place.origin == "device"} == device


def test_the_refusals_of_a_runtime_are_the_same_everywhere():
    found = {rule for rule, place in PLACES.items() if place.origin == "runtime"}
    assert found == RUNTIME_REFUSALS


@pytest.mark.parametrize("rule", sorted(PLACES))
def test_a_cause_explains_what_its_place_says_and_nothing_else(rule):
    shown = {
        effect for name, effect in SYMPTOMS.items() if may_explain(finding(rule), finding(name))
    }
    assert shown == PLACES[rule].spoils - {"float"}


@pytest.mark.parametrize(
    ("rule", "other"), [(rule, other) for rule in PLACES for other in PLACES[rule].follows]
)
def test_a_consequence_is_filed_under_what_was_proven(rule, other):
    proven = replace(finding(other), proof=Proof("it was undone", "agreement", 0.1, 1.0))
    found = ranked([finding(rule), proven])
    assert [cause.rule for cause in found.causes] == [other]
    assert [f.role for f in found.findings] == ["symptom", "cause"]


def test_no_rule_is_its_own_consequence_and_only_ranges_follow_from_each_other():
    mutual = {
        frozenset((rule, other))
        for rule, place in PLACES.items()
        for other in place.follows
        if rule in PLACES[other].follows
    }
    assert mutual == {frozenset(("calibration-preprocessing-mismatch", "input-range-mismatch"))}
    assert all(rule not in place.follows for rule, place in PLACES.items())
