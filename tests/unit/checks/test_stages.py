"""Who is blamed, and when a converted file is called wrong."""

import math
from dataclasses import replace

import pytest
from evidence import compared, evidence, passed_over, seen_output, seen_pair, spec

from edgecheck.checks.evidence import NotApplicable
from edgecheck.checks.stages import check_conversion, guilty_step, weights_lose_parity
from edgecheck.compare.stage_summary import told
from edgecheck.compare.stages import SkippedStage, StageWalk, Step
from edgecheck.compare.statistics import Measure, TaskStatistics
from edgecheck.compare.trained_ranges import FakeQuantization

MODELS = {
    "conversion": "float .tflite",
    "weights": "twin",
    "activations": "builtin kernels",
    "kernels": "default kernels",
}
BAD = {"agreement": 0.3, "agreement_interval": (0.2, 0.4), "sqnr_db": 2.0,
       "sqnr_db_interval": (1.0, 3.0)}  # fmt: skip
LOST = compared(pair=seen_pair(**BAD))
EXACT = {"sqnr_db": 120.0, "sqnr_db_interval": (119.0, 121.0), "agreement": 1.0}


def closer(sqnr_db, **changes):
    ends = (sqnr_db - 1, sqnr_db + 1)
    return compared(pair=seen_pair(sqnr_db=sqnr_db, sqnr_db_interval=ends, **changes))


def step(stage, output, covers=None):
    seen = passed_over(output)
    return Step(stage, MODELS[stage], covers or (stage,), seen, seen)


def chain(*entries, is_lost=True, **parts):
    total = passed_over(LOST if is_lost else compared())
    return evidence(stages=StageWalk(entries), comparison=total, **parts)


FINE = [step(stage, closer(40.0)) for stage in MODELS]


@pytest.mark.parametrize("place", range(4))
def test_the_first_stage_that_is_an_error_of_parity_is_guilty(place):
    steps = [*FINE[:place], *(step(stage, LOST) for stage in list(MODELS)[place:])]
    assert guilty_step(chain(*steps)) is steps[place]


def test_without_such_a_stage_the_worst_is_guilty():
    steps = [FINE[0], step("weights", closer(21.0)), step("activations", closer(19.0)), FINE[3]]
    assert guilty_step(chain(*steps)) is steps[2]


def test_weights_lose_parity_only_where_theirs_is_the_guilty_stage():
    assert weights_lose_parity(chain(FINE[0], step("weights", LOST)))
    assert not weights_lose_parity(chain(FINE[1], step("activations", LOST)))
    assert not weights_lose_parity(chain(step("weights", LOST), is_lost=False))


def test_weights_that_cost_most_are_to_blame_beside_a_guilty_stage():
    doubtful, labelled = step("weights", closer(9.7)), step("activations", LOST)
    assert not weights_lose_parity(chain(step("weights", closer(40.0)), labelled))
    assert not weights_lose_parity(chain(doubtful, labelled))  # more is lost behind
    accurate = {"agreement": 0.3, "agreement_interval": (0.2, 0.4)}
    behind = step("activations", closer(13.0, **accurate))
    walk = chain(doubtful, behind)
    assert guilty_step(walk) is behind
    assert weights_lose_parity(walk)


def test_nobody_is_guilty_where_parity_holds():
    assert guilty_step(chain(*FINE, is_lost=False)) is None
    assert guilty_step(chain(step("weights", LOST), is_lost=False)) is None


def test_nobody_is_guilty_where_no_chain_was_followed():
    assert guilty_step(evidence(comparison=passed_over(LOST))) is None
    assert guilty_step(chain(SkippedStage("weights", "twin", "no twin"))) is None


def test_tolerances_of_the_spec_decide_what_an_error_is():
    strict = spec(tolerances={"sqnr_db": 45})
    steps = [step("weights", closer(50.0)), FINE[2]]
    assert guilty_step(chain(*steps, spec=strict)) is steps[1]


def test_measured_values_are_weighed_by_their_movement():
    def moving(sqnr_db):
        task = TaskStatistics(variation_sqnr_db=Measure(sqnr_db, (sqnr_db - 1, sqnr_db + 1)))
        return compared(kind="values", task=task, pair=seen_pair(sqnr_db=90 - sqnr_db))

    steps = [step("weights", moving(40.0)), step("activations", moving(14.0))]
    assert guilty_step(chain(*steps)) is steps[1]


def test_class_numbers_are_weighed_by_their_agreement():
    def numbers(agreement):
        pair = seen_pair(agreement=agreement, agreement_interval=None, sqnr_db=90 - 50 * agreement)
        return compared(holds_numbers=True, pair=pair)

    steps = [step("weights", numbers(0.9)), step("activations", numbers(1.0))]
    assert guilty_step(chain(*steps)) is steps[0]


def test_a_guilty_stage_is_told_with_those_that_it_covers():
    assert told(step("weights", LOST)).startswith("It goes wrong in the weights (")
    joined = step("activations", LOST, covers=("weights", "activations"))
    assert "the weights or the activations" in told(joined)


def test_where_the_weights_are_the_references_the_graph_is_blamed():
    weights = step("weights", LOST)
    assert "38 dB or better, so the graph differs" in told(weights, 38.2)
    assert "exactly, so the graph differs" in told(weights, math.inf)
    assert "the graph" not in told(step("activations", LOST), 38.2)


def conversion(output, *others, is_lost=False, **parts):
    return list(
        check_conversion(chain(step("conversion", output), *others, is_lost=is_lost, **parts))
    )


@pytest.mark.parametrize(
    ("sqnr_db", "expected"), [(120.0, 0), (math.inf, 0), (61.0, 0), (math.nan, 0), (59.0, 1), (-math.inf, 1)]
)  # fmt: skip
def test_a_float_file_may_be_off_by_a_thousandth(sqnr_db, expected):
    found = conversion(closer(sqnr_db, agreement=1.0))
    assert len(found) == expected
    if found and math.isfinite(sqnr_db):
        assert found[0].severity == "warning"
        assert found[0].evidence["relative_error"] == pytest.approx(10 ** (-sqnr_db / 20))


def test_ties_of_softmax_alone_are_no_finding():
    assert conversion(closer(110.0, agreement=0.9, agreement_interval=(0.86, 0.95))) == []


def test_a_conversion_that_loses_parity_is_an_error():
    (found,) = conversion(LOST, FINE[1], is_lost=True)
    assert (found.severity, found.role, found.rule) == ("error", "cause", "conversion-divergence")


def test_the_worst_stage_is_an_error_even_if_it_is_small():
    (found,) = conversion(closer(15.0), step("activations", closer(16.0)), is_lost=True)
    assert found.severity == "error"


def test_what_another_stage_loses_is_not_put_down_to_the_conversion():
    (found,) = conversion(closer(50.0), step("activations", LOST), is_lost=True)
    assert found.severity == "info"


@pytest.mark.parametrize(("of_size", "expected"), [(110.0, 0), (80.0, 1)])
def test_rounding_far_from_zero_is_no_loss_of_movement(of_size, expected):
    task = TaskStatistics(variation_sqnr_db=Measure(30.0, None))
    found = conversion(replace(closer(of_size), kind="values", task=task))
    assert len(found) == expected
    assert all(finding.evidence["against"] == "movement" for finding in found)


def test_a_skipped_conversion_is_not_judged():
    skipped = SkippedStage("conversion", "float .tflite", "no converter")
    joined = step("weights", LOST, covers=("conversion", "weights"))
    with pytest.raises(NotApplicable, match="no converter"):
        list(check_conversion(chain(skipped, joined)))
    with pytest.raises(NotApplicable):
        list(check_conversion(evidence()))


def test_a_chain_without_conversion_has_nothing_to_find():
    assert list(check_conversion(chain(step("weights", LOST)))) == []


def test_nonfinite_answers_do_not_break_the_judgement():
    nothing = closer(math.nan, agreement=None, agreement_interval=None)
    nothing = replace(nothing, candidate=seen_output(nonfinite=2000))
    assert guilty_step(chain(step("weights", nothing), FINE[2])) is not None


def test_nan_beside_numbers_is_no_small_difference():
    nothing = closer(math.nan, agreement=0.0, agreement_interval=(0.0, 0.01))
    nothing = replace(nothing, candidate=seen_output(nonfinite=2000))
    (finding,) = conversion(nothing, is_lost=True)
    assert finding.evidence["relative_error"] is None
    assert "no value is finite in both" in finding.message


@pytest.mark.parametrize(("sqnr_db", "expected"), [(44.0, 0), (25.0, 1)])
def test_a_reference_that_rounds_by_itself_may_differ_by_codes(sqnr_db, expected):
    rounding = FakeQuantization("saved_model", 6)
    output = closer(sqnr_db, agreement=1.0)
    assert len(conversion(output, fake_quantization=rounding)) == expected
    assert len(conversion(output)) == 1
