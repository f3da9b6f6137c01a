from collections import Counter

import pytest
from faults.bases.build import RECIPES
from faults.case import Fault
from faults.injected import FAULTS
from faults.plan import healthy, one_of_each, pairs, single_faults

BASES = tuple(RECIPES)


def fault(name, touches, harm="input", **more):
    return Fault(name, "input", "v", lambda site, _rng: site, harm, frozenset({touches}), **more)


def test_a_fault_goes_to_three_fitting_bases_and_the_next_seed_to_others():
    colour = fault("a", "spec", needs=frozenset({"classes"}))
    planned = single_faults([colour], BASES, range(2))
    fitting = {name for name in BASES if "classes" in RECIPES[name].fits}
    first, second = ({case.base for case in planned if case.seed == seed} for seed in range(2))
    assert len(first) == len(second) == 3
    assert first | second <= fitting
    assert not first & second


def test_a_fault_that_fits_nothing_is_not_planned():
    nowhere = fault("a", "spec", needs=frozenset({"audio", "table"}))
    assert single_faults([nowhere], BASES, range(3)) == []
    assert one_of_each([nowhere], BASES, 0) == []


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_a_reduced_run_has_every_name_once(seed):
    counts = Counter(case.faults[0].name for case in one_of_each(FAULTS, BASES, seed))
    assert set(counts) == {fault.name for fault in FAULTS}
    assert set(counts.values()) <= {1}


def test_cases_have_names_of_their_own():
    cases = [*single_faults(FAULTS, BASES, range(5)), *healthy(BASES, range(5))]
    assert len({case.id for case in cases}) == len(cases)
    assert len({fault.key for fault in FAULTS}) == len(FAULTS)


def test_four_seeds_try_every_format_beside_every_reference():
    cases = healthy(["signs"], range(4))
    plain = {case.variant for case in cases if case.variant.startswith("plain.")}
    assert len(plain) == 7 * 4


def test_the_full_form_has_enough_controls():
    assert len(healthy(BASES, range(5))) >= 300


def test_pairs_replace_different_parts_and_both_do_measured_harm():
    faults = [
        fault("a", "spec"),
        fault("b", "spec"),
        fault("c", "candidate", "file"),
        fault("d", "labels", "stated"),
        fault("e", "candidate", "file", stops=True),
        fault("f", "dump", command="match"),
    ]
    found = pairs(faults, BASES, [0, 1])
    names = {tuple(each.name for each in case.faults) for case in found}
    assert names == {("a", "c"), ("b", "c")}
    assert len(found) == 2


def test_pairs_repeat_for_the_same_seeds():
    faults = [
        fault(name, part) for name, part in zip("abcd", ("spec", "candidate") * 2, strict=True)
    ]
    assert pairs(faults, BASES, [3]) == pairs(faults, BASES, [3])
