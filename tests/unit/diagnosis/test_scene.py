from dataclasses import replace

import pytest
from evidence import compared, evidence, passed_over, seen_output, seen_pair

from edgecheck.compare.stages import SkippedStage, StageWalk, Step
from edgecheck.diagnosis.ranking import Scene
from edgecheck.diagnosis.scene import scene_of

LOST = compared(
    pair=seen_pair(agreement=0.3, agreement_interval=(0.2, 0.4), sqnr_db=2.0,
                   sqnr_db_interval=(1.0, 3.0))
)  # fmt: skip


def step(stage, output, covers=None):
    seen = passed_over(output)
    return Step(stage, "twin", covers or (stage,), seen, seen)


def seen(*entries, output=LOST):
    return evidence(comparison=passed_over(output), stages=StageWalk(entries))


def test_nothing_is_known_without_a_run():
    assert scene_of(None, has_reference=True) == Scene()


def test_stages_beside_one_that_loses_parity_are_sound_with_those_that_they_cover():
    skipped = SkippedStage("conversion", "float .tflite", "no converter")
    walk = (skipped, step("weights", compared(), ("conversion", "weights")), step("kernels", LOST))
    assert scene_of(seen(*walk), has_reference=True).sound == {"conversion", "weights"}


def test_a_stage_that_comes_near_to_losing_parity_is_not_cleared():
    near = compared(pair=seen_pair(sqnr_db=12.0, sqnr_db_interval=(11.0, 13.0)))
    walk = (step("weights", near), step("activations", compared()), step("kernels", LOST))
    assert scene_of(seen(*walk), has_reference=True).sound == {"activations"}


def test_no_stage_is_cleared_where_the_loss_is_spread_or_there_is_none():
    walk = (step("weights", compared()), step("kernels", compared()))
    assert scene_of(seen(*walk), has_reference=True).sound == set()
    assert scene_of(seen(*walk, output=compared()), has_reference=True).sound == set()


def test_a_candidate_is_apart_from_another_model_that_it_does_not_follow():
    assert scene_of(seen(), has_reference=True).is_apart
    assert not scene_of(seen(), has_reference=False).is_apart
    assert not scene_of(seen(output=compared()), has_reference=True).is_apart


def test_a_group_is_a_part_of_its_output():
    group = compared(name="head/scores", whole="head")
    assert scene_of(seen(output=group), has_reference=True).groups == {"head/scores": "head"}


@pytest.mark.parametrize(("in_reference", "is_apart"), [(1.0, False), (0.5, True)])
def test_nan_that_the_reference_gives_too_sets_no_candidate_apart(in_reference, is_apart):
    ours = seen_output()
    ours = replace(ours, nonfinite=ours.values)
    theirs = replace(ours, nonfinite=int(in_reference * ours.values))
    broken = replace(LOST, candidate=ours, reference=theirs)
    assert scene_of(seen(output=broken), has_reference=True).is_apart == is_apart
