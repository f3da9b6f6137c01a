from dataclasses import replace

import numpy as np
import pytest
from evidence import (
    compared,
    evidence,
    passed_over,
    seen_input,
    seen_labels,
    seen_output,
    spec,
    tensor,
)
from models import int8_params

from edgecheck.checks import tables
from edgecheck.checks.evidence import NotApplicable
from edgecheck.compare.trials import Trial
from edgecheck.metrics.moments import Moments
from edgecheck.metrics.paired import mcnemar_p
from edgecheck.preprocess.alternatives import Change
from edgecheck.tflite.graph import Port

RULE = "features-unscaled"
MEAN, STD = np.array([101_300.0, 21.0, 0.4]), np.array([800.0, 6.0, 0.1])
RAW = np.random.default_rng(1).normal(MEAN, STD, (200, 3)).astype(np.float32)
NAMES = ("pressure", "temperature", "humidity")
SCALED = {"steps": ({"normalize": {"mean": 0.0, "std": 1.0}},)}


def port(fossil):
    changes = {"shape": (1, 3)}
    if fossil is None:
        changes |= {"dtype": "float32", "quantization": None}
    else:
        changes["quantization"] = int8_params(*fossil)
    return Port("row", tensor(**changes))


def found(values=RAW, fossil=(-3.5, 3.5), section=None, labels=None, trials=(), **parts):
    moments = Moments(values.shape[1])
    moments.update(values)
    entry = replace(seen_input(name="row"), elements=values.size, features=moments.compute())
    top = seen_output(class_counts=np.array([200, 0]))
    output = compared(labels=labels, reference=top if labels else seen_output())
    case = evidence(
        spec=spec({"row": section or {}}, **parts),
        ports={"row": port(fossil)},
        comparison=passed_over(output, inputs=(entry,)),
        trials=trials,
    )
    return list(tables.check(case))


def severities(findings):
    assert all(f.rule == RULE for f in findings)
    return [f.severity for f in findings]


def test_raw_columns_into_a_standardised_calibration_are_an_error():
    (finding,) = found(dataset={"path": "a.csv", "features": NAMES})
    assert finding.severity == "error"
    assert finding.evidence["worst"] == ["pressure", "temperature", "humidity"]
    assert finding.evidence["ranges"][0] == [RAW[:, 0].min(), RAW[:, 0].max()]
    assert "pressure" in finding.message


def test_features_that_steps_only_centre_are_still_unscaled():
    centred = (RAW - MEAN).astype(np.float32)
    assert severities(found(centred, section=SCALED)) == ["error"]
    assert severities(found(5 * (centred / STD).astype(np.float32))) == ["error"]  # and no step


def test_the_printed_step_is_that_of_the_samples():
    (finding,) = found()
    values = RAW.astype(np.float64)
    mean = ", ".join(f"{each:.6g}" for each in values.mean(axis=0))
    std = ", ".join(f"{each:.6g}" for each in values.std(axis=0))
    assert f"`- normalize: {{mean: [{mean}], std: [{std}]}}`" in finding.fix


def test_columns_without_names_are_numbered():
    (finding,) = found(dataset={"path": "a.csv", "features": {"other": ("a",)}})
    assert finding.evidence["worst"] == ["column 0", "column 1", "column 2"]


@pytest.mark.parametrize(
    "case",
    [
        {"values": ((RAW - MEAN) / STD).astype(np.float32)},
        {"fossil": (0, 110_000)},
        {"fossil": (-84, 15)},  # log energies
        {"fossil": (-1, 1)},  # min-max scaling, or -1..1
        {"fossil": (0, 26)},
        {"values": 2 * ((RAW - MEAN) / STD).astype(np.float32)},  # a wider domain, no raw data
        {"section": SCALED, "values": 5 * ((RAW - MEAN) / STD).astype(np.float32)},
        {"values": RAW[:, :1]},  # a single number is no table
        {"fossil": None},
        {"labels": seen_labels(reference_accuracy=0.9, class_counts={0: 110, 1: 90})},
    ],
)
def test_features_that_fit_or_cannot_be_judged_have_no_finding(case):
    assert found(**case) == []


def test_without_quantization_it_takes_a_lost_reference_and_a_wide_spread():
    lost = seen_labels(reference_accuracy=0.5, class_counts={0: 100, 1: 100})
    assert severities(found(fossil=None, labels=lost)) == ["warning"]
    alike = (RAW / STD).astype(np.float32)
    assert found(alike, fossil=None, labels=lost) == []


def test_a_constant_column_is_not_divided_by_zero():
    values = RAW.copy()
    values[:, 2] = 7
    (finding,) = found(values)
    assert ", 7], std:" in finding.fix
    assert finding.fix.endswith(", 1]}`.")


def test_many_columns_are_named_but_not_printed():
    wide = np.tile(RAW, (1, 20))
    (finding,) = found(wide)
    assert len(finding.evidence["worst"]) == 5
    assert finding.evidence["step"] == ""
    assert "one mean a column" in finding.fix


def test_without_a_run_it_is_skipped_and_images_are_no_table():
    with pytest.raises(NotApplicable):
        list(tables.check(evidence(comparison=None)))
    assert list(tables.check(evidence())) == []


def standardised_trial(after):
    change = Change("features", "every feature standardised")
    return Trial("row", change, 200, 110, after, mcnemar_p(0, after - 110))


def test_labels_that_are_met_standardised_prove_it_although_the_reference_does_quite_well():
    labels = seen_labels(candidate_accuracy=0.55, reference_accuracy=0.55)
    centred = (RAW - MEAN).astype(np.float32)
    for fossil in (None, (-1e4, 1e4)):  # no range says it
        (finding,) = found(centred, fossil, SCALED, labels, trials=(standardised_trial(196),))
        assert (finding.severity, finding.proof.after) == ("error", 0.98)
        assert "110 of 200 samples are answered rightly as they are fed, 196" in finding.message


def test_labels_that_are_hardly_met_more_often_prove_nothing():
    assert not found(RAW, (-1e4, 1e4), SCALED, trials=(standardised_trial(140),))


def test_features_that_never_change_are_not_on_one_scale_for_that():
    still = np.repeat((RAW - MEAN).astype(np.float32)[:1], 200, axis=0)
    (finding,) = found(still, section=SCALED)
    assert finding.severity == "error"
    assert "one mean a column" in finding.fix
