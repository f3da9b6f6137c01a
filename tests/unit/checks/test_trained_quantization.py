import pytest
from evidence import compared, evidence, passed_over, seen_labels, seen_pair

from edgecheck.checks.evidence import NotApplicable
from edgecheck.checks.trained_quantization import check
from edgecheck.compare.stages import StageWalk, Step
from edgecheck.compare.trained_ranges import FakeQuantization, TrainedRange

LOST = compared(
    pair=seen_pair(
        agreement=0.3, agreement_interval=(0.2, 0.4), sqnr_db=2.0, sqnr_db_interval=(1.0, 3.0)
    )
)
KEPT = TrainedRange("kept", (0.0, 6.0), (0.0, 6.02))
SHRUNK = TrainedRange("shrunk", (-4.0, 4.0), (-3.0, 4.0))
GONE = TrainedRange("gone", (-4.0, 4.0), (-1.0, 1.0))


def found(*ranges, covers=("activations",), output=LOST, operators=3):
    seen = passed_over(output)
    step = Step(covers[-1], "builtin kernels", covers, seen, seen)
    trained = FakeQuantization("float.tflite", operators, ranges)
    held = evidence(comparison=seen, stages=StageWalk((step,)), fake_quantization=trained)
    return list(check(held))


def test_lost_ranges_are_counted_and_the_worst_is_named():
    (finding,) = found(KEPT, SHRUNK, GONE)
    assert (finding.rule, finding.severity, finding.role) == (
        "qat-conversion-mismatch", "error", "cause",
    )  # fmt: skip
    facts = finding.evidence
    assert (facts["operators"], facts["compared"], facts["differing"]) == (3, 3, 2)
    assert (facts["tensor"], facts["trained"], facts["stored"]) == ("gone", [-4, 4], [-1, 1])
    assert (facts["agreement"], facts["sqnr_db"], facts["stage"]) == (0.3, 2.0, "activations")
    assert "no representative dataset" in finding.fix
    assert "train longer" not in finding.fix


def test_a_range_may_move_by_a_tenth_of_its_width():
    (finding,) = found(KEPT, TrainedRange("edge", (0.0, 10.0), (0.0, 11.0)))
    assert (finding.evidence["differing"], finding.evidence["tensor"]) == (0, None)
    assert "Of 2 trained ranges that were compared, none was lost." in finding.message
    assert "train longer" in finding.fix


def test_without_comparable_ranges_the_loss_itself_is_told():
    (finding,) = found()
    assert finding.message.endswith("which begins in the activations.")


@pytest.mark.parametrize("covers", [("weights",), ("weights", "activations")])
def test_weights_may_be_guilty_too(covers):
    (finding,) = found(GONE, covers=covers)
    assert finding.evidence["stage"] == covers[-1]


@pytest.mark.parametrize(
    "covers", [("kernels",), ("conversion",), ("conversion", "weights"), ("activations", "kernels")]
)
def test_other_stages_are_no_matter_of_training(covers):
    assert found(GONE, covers=covers) == []


def test_nothing_is_found_where_parity_holds():
    assert found(GONE, output=compared()) == []


def test_nothing_is_found_where_the_reference_fails_too():
    labels = seen_labels(reference_accuracy=0.1, candidate_accuracy=0.1)
    lost = compared(pair=LOST.pair, labels=labels)
    assert found(GONE, output=lost) == []
    works = compared(pair=LOST.pair, labels=seen_labels(candidate_accuracy=0.3))
    assert len(found(GONE, output=works)) == 1


def test_references_without_fake_quantization_are_not_judged():
    with pytest.raises(NotApplicable):
        list(check(evidence(comparison=passed_over(LOST))))
