from dataclasses import replace

import pytest
from evidence import compared, evidence, passed_over, seen_pair, spec, tensor
from fossils import crowd, forensics, noise, suspect
from layers import entry, layer, walked

from edgecheck.checks import tables
from edgecheck.checks.evidence import NotApplicable
from edgecheck.checks.forensics import check
from edgecheck.compare.trials import Trial
from edgecheck.diagnosis.ranking import ranked
from edgecheck.findings import Finding, Subject
from edgecheck.preprocess.alternatives import Change
from edgecheck.quantization import QuantParams
from edgecheck.rules.dataset.features_unscaled import FeaturesUnscaled
from edgecheck.rules.quantization.calibration_unrepresentative import CalibrationUnrepresentative
from edgecheck.tflite.graph import Port

RAW = FeaturesUnscaled("image", calibrated=[-3.0, 3.0], worst=["a"], ranges=[[0.0, 9e3]], step="")
LOST = seen_pair(sqnr_db=4.0, sqnr_db_interval=(3.0, 5.0))
SOUND = seen_pair()
WAS_ONE = {
    "suspect": suspect(difference=0.004, next_difference=0.15),
    "own_difference": 0.7,
    "own_largest": 1.8,
}
WAS_NOISE = {
    "noises": (noise(difference=0.04, between=0.03), noise(kind="normal")),
    "own_difference": 0.4,
}
FEW = {"crowd": crowd(nearest=0.4, central=0.5, beyond=0.3), "own_difference": 0.4}
SOUND_LAYERS = (entry(), layer(0, decides=True))
COSTLY = (entry(), layer(0, sqnr_db=18.0, decides=True))


def found(pair=SOUND, layers=SOUND_LAYERS, **changes):
    seen = forensics(**changes)
    comparison = passed_over(compared(pair=pair))
    case = evidence(comparison=comparison, walk=walked(*layers), forensics=seen)
    return list(check(case))


def told(**options):
    return [(f.severity, f.rule) for f in found(**options)]


def test_without_forensics_nothing_is_judged():
    with pytest.raises(NotApplicable, match="no stored range"):
        list(check(evidence()))


def test_a_soundly_calibrated_file_gets_nothing_even_where_parity_is_lost():
    assert told() == told(pair=LOST) == []


@pytest.mark.parametrize(
    ("changes", "rule"),
    [(WAS_ONE, "calibrated-on-one-sample"), (WAS_NOISE, "calibrated-on-noise")],
)
def test_what_is_shown_is_an_error_where_parity_is_lost_and_else_a_note(changes, rule):
    assert told(pair=LOST, **changes) == [("error", rule)]
    assert told(**changes) == [("info", rule)]


def test_the_message_names_the_sample_and_the_noise():
    (one,) = found(**WAS_ONE)
    assert '"a.png" alone gives all 8 stored ranges within 0.4%' in one.message
    (random,) = found(**WAS_NOISE)
    assert "uniform noise from 0 to 255" in random.message


def test_ranges_that_rescaled_samples_explain_as_well_are_not_those_of_noise():
    assert told(pair=LOST, **WAS_NOISE, rescaled_difference=0.05) == []
    assert told(pair=LOST, **WAS_NOISE, rescaled_difference=0.4) == [
        ("error", "calibrated-on-noise")
    ]


def test_where_rescaled_samples_give_the_ranges_noise_is_not_named_for_being_nearer():
    near = {**WAS_NOISE, "noises": (noise(difference=0.01, between=0.03),)}
    assert told(pair=LOST, **near, rescaled_difference=0.05) == []
    assert told(pair=LOST, **near, rescaled_difference=0.07) == [("error", "calibrated-on-noise")]


def test_an_input_that_does_not_fit_its_range_makes_it_an_error_too():
    port = Port("image", tensor(quantization=QuantParams((0.4 / 255,), (0,))))
    seen = {"comparison": None, "walk": walked(*SOUND_LAYERS), "forensics": forensics(**WAS_ONE)}
    promised = spec({"image": {"range": (-1.0, 1.0)}})
    unfit = evidence(ports={"image": port}, spec=promised, **seen)
    assert [f.severity for f in check(unfit)] == ["error"]
    assert [f.severity for f in check(evidence(**seen))] == ["info"]


@pytest.mark.parametrize(
    "changes",
    [
        {"suspect": suspect(difference=0.02, next_difference=0.5)},
        {"suspect": suspect(difference=0.004, next_difference=0.02)},  # two that are alike
        {"own_largest": 0.05},  # all together do as well
        {"compared": 3},
    ],
)
def test_a_sample_is_not_named_by_chance(changes):
    assert told(pair=LOST, **{**WAS_ONE, **changes}) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"noises": (noise(difference=0.08, between=0.06),)},
        {"noises": (noise(difference=0.05, between=0.02),)},  # far more than chance
        {"own_difference": 0.1},  # the samples do hardly worse
        {"compared": 3},
        {"noises": ()},
    ],
)
def test_noise_is_not_named_by_chance(changes):
    assert told(pair=LOST, **{**WAS_NOISE, **changes}) == []


def test_a_few_samples_that_are_not_at_hand_are_told_where_it_costs_something():
    assert told(**FEW) == []
    assert told(layers=COSTLY, **FEW) == [("info", "calibrated-on-one-sample")]
    (finding,) = found(pair=LOST, **FEW)
    assert finding.severity == "error"
    assert finding.evidence["sample"] is None
    assert "30% of your 200 samples go beyond each end" in finding.message


@pytest.mark.parametrize(
    "changes",
    [
        {"nearest": 0.0},
        {"central": 0.0},
        {"beyond": 0.06},
        {"ends": 6},
        {"samples": 30},
        {"inputs_reach": 0.005},  # all samples go beyond the range of the input
    ],
)
def test_narrow_ranges_that_are_like_no_sample_are_left_alone(changes):
    seen = crowd(**{"nearest": 0.4, "central": 0.5, "beyond": 0.3, **changes})
    assert told(pair=LOST, crowd=seen) == []


def test_samples_of_another_kind_say_nothing_about_single_ones():
    foreign = [
        layer(n, clip_above=0.03, isolated_sqnr_db=14.0, float_range=(0.0, 24.8)) for n in range(9)
    ]
    layers = (entry(), *foreign, layer(9, decides=True))
    assert told(pair=LOST, layers=layers, **FEW) == []


def test_the_rule_that_it_explains_is_filed_under_it():
    clipped = CalibrationUnrepresentative(
        "t", "CONV_2D", 0.4, 0.0, [-9.0, 0.0], [-3.0, 0.0], 9.0, 1, 8
    )
    (one,) = found(pair=LOST, **WAS_ONE)
    (cause,) = ranked([Finding.of(clipped, one.subject), one]).causes
    assert cause.rule == "calibrated-on-one-sample"


def test_samples_whose_steps_a_trial_proves_wrong_say_nothing_about_calibration():
    change = Change("scaling", "pixels in 0..1", made=(0.0, 1.0))
    trial = Trial("image", change, 64, 20, 62, 1e-9)
    comparison = passed_over(compared(pair=LOST))
    seen = {"walk": walked(*COSTLY), "forensics": forensics(**FEW)}
    case = evidence(comparison=comparison, **seen)
    assert [finding.rule for finding in check(case)] == ["calibrated-on-one-sample"]
    assert list(check(replace(case, trials=(trial,)))) == []


def test_standardised_features_of_which_raw_ones_are_fed_are_no_noise(monkeypatch):
    case = evidence(forensics=forensics(**WAS_NOISE), walk=walked(*SOUND_LAYERS))
    assert [f.rule for f in check(case)] == ["calibrated-on-noise"]
    monkeypatch.setattr(tables, "check", lambda _: [Finding.of(RAW, Subject("input", "image"))])
    raw = evidence(forensics=forensics(**WAS_NOISE), walk=walked(*SOUND_LAYERS))
    assert list(check(raw)) == []
