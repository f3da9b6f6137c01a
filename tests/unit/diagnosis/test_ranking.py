from dataclasses import replace

import pytest
from rule_examples import example

from edgecheck.diagnosis.ranking import Scene, may_explain, ranked
from edgecheck.findings import Finding, Proof, Subject

PROOF = Proof("64 samples fed with raw pixels", "accuracy", 0.11, 0.97)
OTHER_PROOF = Proof("activation ranges chosen anew", "agreement", 0.2, 0.99, samples=128)


def finding(rule="parity-loss", severity="error", kind="output", name="x", **changes):
    return replace(Finding.of(example(rule), Subject(kind, name), severity=severity), **changes)


LOSS = finding()
CAUSE = finding("calibration-preprocessing-mismatch", kind="input")
DOUBT = finding("concat-scale-mismatch", "warning", kind="operator")


def causes_of(*findings, scene=None):
    return ranked(findings, scene or Scene()).causes


def rules_of(*findings, scene=None):
    return [cause.rule for cause in causes_of(*findings, scene=scene)]


def test_errors_come_before_doubts_and_both_explain_the_symptom():
    causes = causes_of(DOUBT, LOSS, CAUSE)
    assert [(c.rule, c.confidence) for c in causes] == [
        (CAUSE.rule, "likely"),
        (DOUBT.rule, "suspected"),
    ]
    assert all(cause.explains == (LOSS.fingerprint,) for cause in causes)
    assert all(cause.proof is None for cause in causes)


def test_a_doubt_without_an_error_that_it_may_explain_is_no_cause():
    assert causes_of(DOUBT, replace(LOSS, severity="warning")) == ()
    assert causes_of(LOSS) == ()
    lost = finding("reference-inaccurate", kind="output")
    assert causes_of(DOUBT, lost) == ()  # of the float model, which has no 8 bits


def test_the_rival_of_a_wrong_calibration_is_named_beside_it_without_a_symptom():
    rival = finding("input-range-mismatch", "warning", kind="input")
    told = replace(rival, evidence={**rival.evidence, "witness": "open"})
    assert rules_of(told, CAUSE) == [CAUSE.rule, told.rule]
    assert rules_of(told, replace(CAUSE, proof=PROOF), LOSS) == [CAUSE.rule, told.rule]
    assert rules_of(rival, CAUSE) == [CAUSE.rule]


def test_codes_copied_into_another_scale_come_before_the_range_that_looks_too_wide():
    copied = finding("concat-scale-mismatch", "warning", kind="tensor", proof=OTHER_PROOF)
    copied = replace(copied, evidence={**copied.evidence, "kind": "scales"})
    wide = finding("quant-range-outlier", kind="tensor", proof=OTHER_PROOF)
    wide = replace(wide, evidence={**wide.evidence, "operator": "RESHAPE"})
    assert rules_of(copied, LOSS, wide) == [copied.rule, wide.rule]
    joined = replace(copied, evidence={**copied.evidence, "kind": "lost-branch"})
    assert rules_of(joined, LOSS, wide) == [wide.rule, joined.rule]


LOST = finding("reference-inaccurate", "warning", kind="reference")


@pytest.mark.parametrize(
    ("rule", "kind", "is_cause"),
    [
        ("undertrained", "model", True),
        ("channel-count-mismatch", "input", True),
        ("concat-scale-mismatch", "operator", False),  # of the candidate alone
        ("weight-per-tensor-loss", "operator", False),
    ],
)
def test_a_float_model_that_fails_has_a_suspect_though_nothing_is_an_error(rule, kind, is_cause):
    causes = causes_of(finding(rule, "warning", kind=kind), LOST)
    assert [(c.rule, c.confidence) for c in causes] == ([(rule, "suspected")] if is_cause else [])
    assert causes_of(finding(rule, "info", kind=kind), LOST) == ()


def test_a_collapse_that_the_data_explain_makes_no_suspect():
    explained = finding("constant-output", "warning", kind="reference")
    assert causes_of(finding("features-unscaled", "warning", kind="input"), explained) == ()


def test_what_labels_show_of_a_float_candidate_needs_no_other_symptom():
    (cause,) = causes_of(finding("undertrained", "warning", kind="model"))
    assert (cause.rule, cause.confidence, cause.explains) == ("undertrained", "suspected", ())


def test_an_error_without_a_symptom_is_a_cause_that_explains_nothing():
    (cause,) = causes_of(CAUSE)
    assert (cause.confidence, cause.explains) == ("likely", ())


def test_a_finding_about_the_reference_is_no_cause_of_the_candidate():
    assert causes_of(LOSS, finding("load-failed", kind="reference")) == ()


def test_what_an_experiment_undid_is_proven_and_comes_first_even_as_a_warning():
    proven = finding("channel-order-swapped", "warning", kind="input", proof=PROOF)
    unscaled = finding("features-unscaled", kind="input", name="y")
    first, second = causes_of(unscaled, proven, LOSS)
    assert (first.rule, first.confidence, first.proof) == (proven.rule, "proven", PROOF)
    assert (second.confidence, second.proof) == ("likely", None)


def test_what_an_experiment_undid_in_vain_is_suspected_and_says_what_was_tried():
    refuted = replace(CAUSE, refuted=OTHER_PROOF)
    other = finding("activation-sensitive-op", kind="operator")
    causes = causes_of(refuted, LOSS, other)
    assert [(c.rule, c.confidence) for c in causes] == [
        (other.rule, "likely"),
        (CAUSE.rule, "suspected"),
    ]
    assert causes[1].refuted == OTHER_PROOF


def test_the_order_of_diagnosis_holds_among_causes_that_are_equally_sure():
    found = [
        finding("load-failed", kind="runtime"),
        finding("calibration-unrepresentative", kind="tensor"),
        finding("weight-per-tensor-loss", kind="tensor"),
        finding("resize-method-mismatch", kind="input", name="other"),
        finding("train-mode-export", kind="model"),
        finding("inputs-nonfinite", kind="input"),
        finding("input-dtype-mismatch", kind="input"),
        finding("nan-or-inf-weights", kind="model"),
        LOSS,
    ]
    kept = [f.rule for f in reversed(found[:-1]) if f.rule != "calibration-unrepresentative"]
    assert [rule for rule in rules_of(*found) if rule in kept] == kept


def test_a_specific_cause_comes_before_a_general_one_of_the_same_origin():
    general = finding("activation-sensitive-op", kind="operator")
    noise = finding("calibrated-on-noise", kind="model")
    assert rules_of(general, noise, LOSS) == [noise.rule, general.rule]


def test_calibration_comes_before_weights_that_the_chain_found_sound():
    noise = finding("calibrated-on-noise", kind="tensor")
    weights = finding("weight-per-tensor-loss", kind="tensor")
    assert rules_of(noise, weights, LOSS) == [weights.rule, noise.rule]
    first, second = causes_of(noise, weights, LOSS, scene=Scene(sound=frozenset({"weights"})))
    assert (first.rule, first.explains) == (noise.rule, (LOSS.fingerprint,))
    assert (second.rule, second.explains) == (weights.rule, ())


def test_an_answer_that_collapsed_in_another_stage_is_not_put_down_to_a_sound_one():
    collapse, noise = finding("class-collapse"), finding("calibrated-on-noise", kind="model")
    sound = Scene(sound=frozenset({"activations"}))
    assert may_explain(noise, collapse)
    assert not may_explain(noise, collapse, sound)


def test_what_is_only_suspected_and_explains_nothing_is_no_cause():
    refuted = finding("calibrated-on-noise", kind="model", refuted=OTHER_PROOF)
    assert rules_of(refuted, LOSS) == [refuted.rule]
    assert rules_of(refuted, LOSS, scene=Scene(sound=frozenset({"activations"}))) == []


def test_faults_that_make_no_output_wrong_explain_no_symptom():
    assert causes_of(finding("delegate-not-used", "warning", kind="model"), LOSS) == ()
    scheme = finding("partially-quantized-or-hybrid", kind="model")
    first, second = causes_of(scheme, CAUSE, LOSS)
    assert (first.rule, second.rule, second.explains) == (CAUSE.rule, scheme.rule, ())


def test_a_consequence_is_filed_under_its_cause_and_keeps_its_gravity():
    refusal, reason = finding("load-failed"), finding("op-version-unsupported", kind="model")
    found = ranked([refusal, reason])
    assert [(f.rule, f.role, f.severity) for f in found.findings] == [
        (refusal.rule, "symptom", "error"),
        (reason.rule, "cause", "error"),
    ]
    (cause,) = found.causes
    assert (cause.rule, cause.explains) == (reason.rule, (refusal.fingerprint,))


def test_what_is_only_suspected_brings_nothing_about():
    refusal = finding("load-failed")
    doubt = finding("op-version-unsupported", severity="warning")
    assert ranked([refusal, doubt]).findings == (refusal, doubt)


def test_of_two_that_may_follow_from_each_other_the_proven_one_is_the_cause():
    stored = finding("calibration-preprocessing-mismatch", kind="input")
    fed = finding("input-range-mismatch", kind="input")
    assert rules_of(stored, fed, LOSS) == [fed.rule]
    assert rules_of(replace(stored, proof=OTHER_PROOF), fed, LOSS) == [stored.rule]
    assert rules_of(stored, replace(fed, proof=PROOF), LOSS) == [fed.rule]


def test_what_its_own_experiment_proves_stands_beside_what_may_bring_it_about():
    stored = finding("calibration-preprocessing-mismatch", kind="input", proof=OTHER_PROOF)
    noise = finding("calibrated-on-noise", kind="model", proof=OTHER_PROOF)
    fed = finding("input-range-mismatch", kind="input", proof=PROOF)
    assert set(rules_of(stored, fed, LOSS)) == {stored.rule, fed.rule}
    assert rules_of(stored, noise, LOSS) == [noise.rule]  # one experiment proved both


def test_a_chain_of_consequences_ends_at_its_first_cause():
    unloaded = finding("weights-not-loaded", kind="model")
    dead, hardly = finding("dead-activations", kind="model"), finding("undertrained", kind="model")
    lost = finding("reference-inaccurate")
    (cause,) = causes_of(hardly, dead, lost, unloaded)
    filed = {lost.fingerprint, dead.fingerprint, hardly.fingerprint}
    assert (cause.rule, set(cause.explains)) == (unloaded.rule, filed)


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({}, "qat-conversion-mismatch"),
        ({"differing": 0}, "calibrated-on-noise"),
        ({"stage": "weights"}, "calibrated-on-noise"),
    ],
)
def test_lost_trained_ranges_come_before_the_calibration_that_replaced_them(changes, first):
    rule = replace(example("qat-conversion-mismatch"), **changes)
    trained = Finding.of(rule, Subject("model", "candidate"))
    noise = finding("calibrated-on-noise", kind="model", name="calibration")
    causes = causes_of(noise, trained, LOSS)
    assert causes[0].rule == first
    assert LOSS.fingerprint in causes[0].explains


@pytest.mark.parametrize(
    ("cause", "symptom", "scene", "expected"),
    [
        (("bias-overflow",), ("reference-inaccurate",), Scene(), True),
        (("bias-overflow",), ("reference-inaccurate",), Scene(is_apart=True), False),
        (("dead-activations",), ("parity-loss",), Scene(), True),
        (("undertrained",), ("parity-loss",), Scene(), False),
        (("dead-activations",), ("class-collapse", "error", "reference"), Scene(), True),
        (("calibrated-on-noise",), ("class-collapse", "error", "reference"), Scene(), False),
        (("calibrated-on-noise",), ("class-collapse",), Scene(), True),
        (("label-order-or-offset",), ("class-collapse",), Scene(), False),
        (("head-shared-scale",), ("parity-loss", "error", "output", "y"), Scene(), False),
        (
            ("head-shared-scale",),
            ("parity-loss", "error", "output", "x/boxes"),
            Scene(groups={"x/boxes": "x"}),
            True,
        ),
        (
            ("input-constant", "error", "input", "a"),
            ("input-insensitive", "error", "input", "b"),
            Scene(),
            False,
        ),
    ],
)
def test_side_stage_and_subject_say_what_a_cause_may_explain(cause, symptom, scene, expected):
    assert may_explain(finding(*cause), finding(*symptom), scene) is expected


def test_of_causes_undone_together_the_one_that_says_why_comes_first_and_stands_for_both():
    differs = finding("layer-weights-differ", kind="operator", proof=PROOF)
    half = finding("fp16-overflow", "warning", kind="tensor", proof=PROOF)
    half = replace(half, evidence={**half.evidence, "kind": "clamped"})
    (cause,) = causes_of(differs, LOSS, half)
    assert (cause.rule, cause.confidence) == ("fp16-overflow", "proven")
    assert differs.fingerprint in cause.explains


def test_a_layer_that_an_experiment_of_its_own_undid_is_another_fault():
    differs = finding("layer-weights-differ", kind="operator", proof=OTHER_PROOF)
    clipped = finding("bias-overflow", kind="tensor", proof=PROOF)
    assert set(rules_of(differs, LOSS, clipped)) == {"bias-overflow", "layer-weights-differ"}
    unproven = replace(differs, proof=None)
    assert "layer-weights-differ" in rules_of(unproven, LOSS, clipped)


@pytest.mark.parametrize(("operator", "first"), [("CONV_2D", 1), ("INPUT", 0)])
def test_an_inner_outlier_comes_before_what_is_clipped_besides(operator, first):
    poor = finding("calibration-unrepresentative", kind="tensor", name="b", proof=OTHER_PROOF)
    outlier = finding("quant-range-outlier", kind="tensor", proof=OTHER_PROOF)
    outlier = replace(outlier, evidence={**outlier.evidence, "operator": operator})
    assert rules_of(poor, LOSS, outlier).index("calibration-unrepresentative") == first


def test_what_was_undone_in_vain_comes_behind_what_nothing_speaks_against():
    refuted = finding("bias-overflow", "warning", kind="tensor", refuted=OTHER_PROOF)
    assert rules_of(refuted, LOSS, DOUBT) == [DOUBT.rule, "bias-overflow"]


def test_what_a_layer_with_other_weights_gives_is_beyond_its_range_for_that():
    differs = finding("layer-weights-differ", kind="operator", proof=PROOF)
    poor = finding("calibration-unrepresentative", kind="tensor")
    assert rules_of(poor, LOSS, differs) == ["layer-weights-differ"]
    alone = replace(poor, proof=OTHER_PROOF)
    assert set(rules_of(alone, LOSS, differs)) == {differs.rule, poor.rule}


def test_a_cause_that_explains_nothing_stays_behind_those_that_do_proven_or_not():
    idle = finding("partially-quantized-or-hybrid", kind="model", proof=PROOF)
    assert rules_of(idle, DOUBT, LOSS) == [DOUBT.rule, idle.rule]
    vain = replace(DOUBT, refuted=OTHER_PROOF)
    assert rules_of(idle, vain, LOSS) == [idle.rule, vain.rule]


def test_weights_as_drawn_stand_beside_steps_that_are_wrong():
    steps = finding("input-not-normalized", kind="input")
    barely = finding("undertrained", kind="model")
    barely = replace(barely, evidence={**barely.evidence, "layers_as_drawn": 3})
    failed = finding("class-collapse")
    assert rules_of(steps, failed, barely) == [barely.rule, steps.rule]
    learned = replace(barely, evidence={**barely.evidence, "layers_as_drawn": 0})
    proven = replace(steps, proof=PROOF)
    assert rules_of(proven, failed, barely) == [steps.rule, barely.rule]
    assert rules_of(proven, failed, learned) == [steps.rule]


def test_values_that_only_come_in_another_order_stop_no_signal():
    moved = finding("io-order-swapped", "error", kind="input", role="cause")
    still = finding("saturated-or-vanished", kind="model")
    assert rules_of(moved, LOSS, still) == [moved.rule, still.rule]
    scaled = finding("input-not-normalized", kind="input", proof=PROOF)
    assert rules_of(scaled, LOSS, still) == [scaled.rule]
    in_weights = replace(still, evidence={**still.evidence, "kind": "shrunk"})
    assert rules_of(scaled, LOSS, in_weights) == [scaled.rule, still.rule]


def test_inputs_that_are_mixed_up_leave_nothing_to_their_calibration():
    moved = finding("io-order-swapped", "error", kind="input", role="cause")
    assert rules_of(moved, LOSS, replace(CAUSE, severity="warning")) == [moved.rule]
