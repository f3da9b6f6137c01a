"""The representative dataset: who is in it, and what the spec's steps make of it."""

from pathlib import Path

import numpy as np
import pytest
from command_line import SPEC
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.conversion.calibration import calibration_of
from edgecheck.conversion.representative import classes_of, stratified, write_representative
from edgecheck.errors import UsageError
from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.samples.holdout import LEAST_CALIBRATED, LEAST_UNSEEN, TooFewSamples
from edgecheck.samples.part import Part
from edgecheck.spec.load import load_spec


@given(
    st.lists(st.integers(-1, 4), min_size=1, max_size=60),
    st.integers(0, 5),
    st.data(),
)
def test_every_class_has_its_share(labels, seed, data):
    classes = np.array(labels)
    count = data.draw(st.integers(1, len(classes)))
    places = stratified(classes, count, seed)
    assert len(set(places)) == count
    assert list(places) == sorted(places)
    kinds, sizes = np.unique(classes, return_counts=True)
    got = np.array([(classes[list(places)] == kind).sum() for kind in kinds])
    if count >= len(kinds):
        assert (got >= 1).all()
    share = count * sizes / len(classes)
    assert (np.abs(got - share) <= len(kinds)).all()


def test_a_draw_repeats_and_depends_on_the_seed():
    classes = np.arange(1000) % 10
    assert stratified(classes, 50, 3) == stratified(classes, 50, 3)
    assert stratified(classes, 50, 3) != stratified(classes, 50, 4)


def test_calibration_and_judgement_share_no_sample():
    found = calibration_of(load_spec(SPEC), 100, None)
    assert (len(found.whole), len(found.places)) == (100, 50)
    classes = classes_of(found.whole)
    assert set(classes[list(found.places)]) == set(classes)


@pytest.mark.parametrize(("samples", "calibrated"), [(30, 10), (35, 15), (50, 25), (360, 180)])
def test_enough_samples_stay_unseen(samples, calibrated):
    found = calibration_of(load_spec(SPEC), samples, None)
    assert (len(found.whole), len(found.places)) == (samples, calibrated)


def test_too_few_samples_are_refused_with_what_is_needed():
    with pytest.raises(TooFewSamples, match=r"29 samples: 10 at least .* 20 others") as found:
        calibration_of(load_spec(SPEC), LEAST_CALIBRATED + LEAST_UNSEEN - 1, None)
    assert "dynamic-range need none" in found.value.hint


@pytest.mark.parametrize("wanted", [9, 21, 100])
def test_a_number_that_leaves_too_few_on_either_side_is_a_usage_error(wanted):
    with pytest.raises(UsageError, match=f"--calibrate {wanted} of 40") as found:
        calibration_of(load_spec(SPEC), 40, wanted)
    assert "give 10 to 20" in found.value.hint
    assert len(calibration_of(load_spec(SPEC), 40, 20).places) == 20


def test_the_files_hold_what_the_pipeline_makes(tmp_path: Path):
    loaded = load_spec(SPEC)
    found = calibration_of(loaded, 90, 70)
    inputs = loaded.spec.inputs
    paths = write_representative(found.samples, inputs, tmp_path)
    stored = np.load(paths["image"], allow_pickle=False)
    assert (stored.shape, stored.dtype) == ((70, 16, 16, 1), np.float32)
    pipeline = Pipeline("image", inputs["image"])
    for place in (0, 63, 64, 69):
        (chunk,) = Part(found.whole, [found.places[place]]).chunks(1)
        assert (stored[place] == pipeline(chunk.rows["image"], chunk.ids)[0]).all()
