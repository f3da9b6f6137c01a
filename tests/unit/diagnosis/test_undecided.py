from dataclasses import replace

import numpy as np
import pytest
from evidence import compared, evidence, passed_over, seen_labels, seen_pair
from rule_examples import example

from edgecheck.checks.table import CHECKS
from edgecheck.compare.stages import SkippedStage, StageWalk, Step
from edgecheck.compare.trials import Trial
from edgecheck.compare.weight_match import match_weights
from edgecheck.diagnosis.diagnose import diagnose
from edgecheck.diagnosis.ruled_out import CHECKED
from edgecheck.findings import CheckOutcome, Finding, Proof, Subject
from edgecheck.preprocess.alternatives import Change
from edgecheck.tflite.weights import Weight

LOST = compared(
    pair=seen_pair(agreement=0.3, agreement_interval=(0.2, 0.4), sqnr_db=2.0,
                   sqnr_db_interval=(1.0, 3.0))
)  # fmt: skip
LABELLED = replace(LOST, labels=seen_labels())
TRIED = Trial("image", Change("channel-order", "the other order"), 64, 20, 21, 1.0)


def finding(rule="parity-loss", kind="output", name="output", severity="error", **changes):
    return replace(Finding.of(example(rule), Subject(kind, name), severity=severity), **changes)


LOSS, MISSED = finding(), finding("reference-inaccurate")
NOISE = finding("calibrated-on-noise", "model", "calibration")


def told(*findings, checks=(), output=LOST, has_reference=True, **parts):
    known = evidence(comparison=passed_over(output), **parts)
    found = diagnose(findings, checks, known, has_reference=has_reference)
    return found.undecided


def step(stage, model, output, covers=None):
    seen = passed_over(output)
    return Step(stage, model, covers or (stage,), seen, seen)


def test_nothing_is_undecided_where_nothing_is_wrong_or_a_cause_is_known():
    assert told() is None
    assert told(NOISE) is None
    assert told(LOSS, NOISE) is None
    assert told(replace(LOSS, severity="warning")) is None


def test_a_symptom_without_a_sure_cause_is_named():
    assert told(LOSS).symptoms == (LOSS.fingerprint,)
    assert told(LOSS, replace(NOISE, severity="warning")).symptoms == (LOSS.fingerprint,)
    collapsed = finding("class-collapse", "reference")
    assert told(LOSS, collapsed, NOISE).symptoms == (collapsed.fingerprint,)


def test_without_a_run_nothing_can_be_said():
    assert diagnose([LOSS], (), None, has_reference=False).undecided is None


def test_checks_that_found_nothing_rule_out_what_could_explain_the_symptom():
    checks = [
        CheckOutcome("label-order", "passed", "", 0.1),
        CheckOutcome("layer-ranges", "passed", "", 0.1),
        CheckOutcome("layer-steps", "skipped", "no twin", 0.0),
        CheckOutcome("bias-values", "passed", "warning: bias-overflow", 0.1),
    ]
    (only,) = told(LOSS, checks=checks).ruled_out
    assert (only.what, only.why) == (CHECKED["layer-ranges"][0], "check layer-ranges passed")
    (only,) = told(MISSED, checks=checks).ruled_out
    assert only.what == CHECKED["label-order"][0]


def test_every_check_that_rules_something_out_exists():
    assert CHECKED.keys() <= {check.name for check in CHECKS}


def test_sound_stages_are_ruled_out_where_another_one_loses_parity():
    guilty = step("activations", "builtin kernels", LOST)
    walk = StageWalk((step("weights", "twin", compared()), guilty))
    (only,) = told(LOSS, stages=walk).ruled_out
    assert only.what == "the weights as they are quantized"
    assert "agreement 99%" in only.why
    spread = StageWalk((step("weights", "twin", compared()),))
    assert told(LOSS, stages=spread).ruled_out == ()


def test_trials_that_changed_nothing_are_ruled_out_with_their_number():
    (only,) = told(MISSED, trials=(TRIED, TRIED)).ruled_out
    assert only.what == 'other steps for input "image"'
    assert "none of 2 ways to prepare up to 64 samples" in only.why
    restored = replace(TRIED, right_after=60, p=1e-9)
    assert told(MISSED, trials=(TRIED, restored)).ruled_out == ()


def test_an_experiment_in_vain_is_ruled_out_with_what_was_done():
    proof = Proof("activation ranges chosen anew", "agreement", 0.3, 0.31, samples=128)
    (only,) = told(LOSS, replace(NOISE, refuted=proof)).ruled_out
    assert only.what == f"{NOISE.rule} by itself"
    assert "activation ranges chosen anew" in only.why


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ({"has_reference": False, "output": LABELLED}, "`model.reference`"),
        ({}, "`dataset.labels`"),
        ({"output": LABELLED}, "as training fed them"),
    ],
)
def test_what_is_missing_would_decide(case, words):
    (wanted,) = told(LOSS, **case).would_decide
    assert words in wanted


def test_few_samples_ask_for_more():
    few = replace(passed_over(LABELLED), samples=30)
    found = diagnose([LOSS], (), evidence(comparison=few), has_reference=True).undecided
    assert [text for text in found.would_decide if "100 samples or more: 30" in text]


def test_originals_would_tell_where_labels_are_missed():
    assert any("as training fed them" in text for text in told(MISSED).would_decide)


def test_a_skipped_stage_and_the_device_are_asked_for_where_they_are_in_doubt():
    kernels = step("kernels", "default kernels", LOST, ("activations", "kernels"))
    skipped = SkippedStage("activations", "builtin kernels", "it was not built.")
    walk = StageWalk((step("weights", "twin", compared()), skipped, kernels))
    wanted = told(LOSS, output=LABELLED, stages=walk).would_decide
    assert wanted[0] == "the stage activations by itself: it was not built"
    assert "`edgecheck match`" in wanted[2]


def test_a_quantized_stage_is_told_from_the_others_by_another_conversion():
    walk = StageWalk((step("weights", "twin", LOST), step("activations", "builtin kernels", LOST)))
    wanted = told(LOSS, output=LABELLED, stages=walk).would_decide
    assert len(wanted) == 1
    assert "--quantize none" in wanted[0]


def test_weights_are_ruled_out_where_every_layer_has_the_references():
    draw = np.random.default_rng(1).normal(size=(8, 30)).astype(np.float32)
    layers = [Weight(f"layer{n}", draw + n, n, "FULLY_CONNECTED", draw[:, n]) for n in range(3)]
    (only,) = told(LOSS, weights=match_weights(layers, layers)).ruled_out
    assert only.why == "every layer has them, exactly"
    assert told(MISSED, weights=match_weights(layers, layers)).ruled_out == ()
    others = [replace(layer, values=draw[::-1] + 9) for layer in layers]
    assert told(LOSS, weights=match_weights(layers, others)).ruled_out == ()


def test_other_steps_are_not_ruled_out_where_the_calibration_speaks_for_them():
    """They may be wrong beside another fault, with which no trial was made."""
    record = Finding.of(example("calibration-preprocessing-mismatch"), Subject("input", "image"))
    found = told(MISSED, replace(record, severity="warning"), trials=(TRIED, TRIED))
    assert found.ruled_out == ()
