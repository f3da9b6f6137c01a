"""What rules say about an occurrence: the facts in plain words, and what to do."""

import dataclasses
import json
import re
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
from rule_examples import example

from edgecheck.rules.catalogue import RULES

HOSTILE = "\x1b[2J\r\n\u202e\ud800" + "A" * 5000
LONGEST = 600

every_name = pytest.mark.parametrize("name", [rule.name for rule in RULES])


def hostile_fields(rule: type) -> dict[str, object]:
    """A hostile value for every field that can hold text or a list from outside."""
    by_type = {str: HOSTILE, str | None: HOSTILE, list[str]: [HOSTILE] * 2, list[int]: [7] * 5000}
    hints = get_type_hints(rule)
    fields = [field.name for field in dataclasses.fields(rule)]
    return {name: by_type[hints[name]] for name in fields if hints[name] in by_type}


@every_name
def test_example_says_what_was_found_and_what_to_do(name):
    rule = example(name)
    for text in (rule.message(), rule.fix()):
        assert text == text.strip()
        assert text[0].isupper()
        assert text.endswith(".")
        assert not text.endswith("..")
        assert len(text) > 30


@every_name
def test_every_fact_of_the_example_counts_or_is_evidence(name):
    rule = example(name)
    facts = rule.evidence()
    assert list(facts) == [field.name for field in dataclasses.fields(rule)]
    assert json.loads(json.dumps(facts)) == facts


@every_name
def test_hostile_text_is_cut_and_stripped(name):
    rule = example(name)
    hostile = dataclasses.replace(rule, **hostile_fields(type(rule)))
    for text in (hostile.message(), hostile.fix()):
        assert text.isprintable()
        assert len(text) <= LONGEST


def choices() -> list[tuple[str, str, str]]:
    """(rule, field, value) for every value of every field with a fixed choice."""
    found = []
    for rule in RULES:
        hints = get_type_hints(rule)
        for field in dataclasses.fields(rule):
            if get_origin(hints[field.name]) is Literal:
                found += [(rule.name, field.name, v) for v in get_args(hints[field.name])]
    return found


@pytest.mark.parametrize(("name", "field", "value"), choices())
def test_each_choice_has_words_of_its_own(name, field, value):
    others = [v for n, f, v in choices() if (n, f) == (name, field) and v != value]
    message = example(name, **{field: value}).message()
    assert message not in [example(name, **{field: other}).message() for other in others]


def optional() -> list[tuple[str, str]]:
    """(rule, field) for every field that may be None."""
    return [
        (rule.name, field.name)
        for rule in RULES
        for field in dataclasses.fields(rule)
        if type(None) in get_args(get_type_hints(rule)[field.name])
    ]


@pytest.mark.parametrize(("name", "field"), optional())
def test_unknown_fact_is_left_out_of_the_message(name, field):
    message = example(name, **{field: None}).message()
    assert "None" not in message
    assert "()" not in message
    assert message.endswith(".")


def test_calibration_on_too_wide_a_range_names_the_few_codes():
    message = example("calibration-preprocessing-mismatch").message()
    assert "0 to 255, but your preprocessing gives -1 to 1" in message
    assert "only 50% of that range can be represented" in message
    assert "127.5 times the needed one" in message
    assert "only 2 integer codes are ever used" in message


def test_calibration_on_too_narrow_a_range_speaks_of_clipping_only():
    message = example(
        "calibration-preprocessing-mismatch",
        representable=[0.0, 1.0],
        expected_from="spec",
        width_ratio=0.5,
    ).message()
    assert "the spec promises -1 to 1" in message
    assert "48% of all values are clipped" in message
    assert "times the needed" not in message
    assert "codes" not in message


@pytest.mark.parametrize(
    ("spec_shape", "model_shape", "order"),
    [
        ([3, 224, 224], [1, 224, 224, 3], "(1, 2, 0)"),
        ([96, 64, 3], [-1, 3, 96, 64], "(2, 0, 1)"),
    ],
)
def test_layout_fix_is_the_transpose_that_works(spec_shape, model_shape, order):
    fix = example("layout-nchw-nhwc", spec_shape=spec_shape, model_shape=model_shape).fix()
    assert f"x.transpose{order}" in fix
    axes = [int(axis) for axis in order.strip("()").split(",")]
    assert [spec_shape[axis] for axis in axes] == model_shape[1:]


def test_layout_without_a_known_order_shows_the_shape():
    fix = example("layout-nchw-nhwc", spec_shape=[2, 3, 4], model_shape=[1, 4, 3, 2]).fix()
    assert "a transpose to [4, 3, 2]" in fix


@pytest.mark.parametrize(
    ("spec_shape", "model_shape", "words"),
    [
        ([28, 28], [1, 28, 28, 1], "np.expand_dims(x, 2)"),
        ([28, 28], [-1, 1, 28, 28], "np.expand_dims(x, 0)"),
        ([1, 28, 28, 1], [1, 28, 28, 1], "Write [28, 28, 1]"),
        ([28, 28, 1], [1, 784], "Write [784]"),
        ([28, 28, 1], [8, 28, 28, 1], "batch axis of size 1"),
        ([28, 28, 1], [28, 28, 1], "batch axis of size 1"),
        ([28, 28, 1], [], "batch axis of size 1"),
    ],
)
def test_wrong_number_of_axes_gets_the_change_that_helps(spec_shape, model_shape, words):
    rule = example("input-rank-or-batch-missing", spec_shape=spec_shape, model_shape=model_shape)
    assert words in rule.fix()


@pytest.mark.parametrize("name", ["input-range-mismatch", "input-not-normalized"])
@pytest.mark.parametrize("promised", [[-1.0, 1.0], [0.0, 1.0], [-128.0, 127.0]])
def test_suggested_rescale_maps_pixels_to_the_promised_range(name, promised):
    fix = example(name, promised=promised).fix()
    found = re.search(r"`rescale: \{scale: ([\d.]+), offset: (-?[\d.]+)\}`", fix)
    scale, offset = map(float, found.groups())
    assert 0 * scale + offset == pytest.approx(promised[0])
    assert 255 * scale + offset == pytest.approx(promised[1], rel=1e-6)


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("Didn't find op for builtin opcode 'X' version '9'", "newer runtime"),
        ("Select TensorFlow op(s), included in the given model", "Flex"),
        ("Encountered unresolved custom op: Erf", "custom operator"),
        ("something new", "update the device's runtime"),
    ],
)
def test_load_failure_is_answered_by_its_kind(words, advice):
    assert advice in example("load-failed", words=words).fix()


def test_string_input_is_answered_by_moving_text_out_of_the_model():
    assert "text" in example("input-dtype-mismatch", dtype="string").fix()
    assert "text" not in example("input-dtype-mismatch").fix()


@pytest.mark.parametrize(
    ("metric", "value", "limit", "words"),
    [
        ("agreement", 0.83, 0.93, "for 83%, at least 93% expected"),
        ("sqnr_db", 9.3, 20.0, "9.3 dB, at least 20 dB"),
        ("cosine_p5", 0.58, 0.9, "0.58 at its worst 5%, at least 0.9"),
        ("kl_median", 0.29, 0.2, "0.29, at most 0.2"),
        ("accuracy", 0.05, 0.03, "loses 5 points of accuracy, at most 3 points"),
    ],
)
def test_parity_loss_words_each_metric_in_its_unit(metric, value, limit, words):
    message = example("parity-loss", metric=metric, value=value, limit=limit).message()
    assert words in message
    assert "500 samples" in message
    assert "accuracy 70% against 75%, p = 0.0005" in message


def test_finding_on_the_reference_never_blames_the_conversion():
    for name in ("constant-output", "zero-output", "class-collapse"):
        rule = example(name, who="reference")
        assert "the reference model" in rule.message()
        assert "converting cannot help" in rule.fix()


REPAIRABLE = (
    "calibrated-on-noise", "calibrated-on-one-sample", "calibration-degenerate",
    "calibration-preprocessing-mismatch", "calibration-unrepresentative", "parity-loss",
    "quant-output-collapse", "quant-range-outlier",
)  # fmt: skip


@every_name
def test_what_new_ranges_may_help_names_the_command_and_nothing_else_does(name):
    assert ("edgecheck repair SPEC MODEL -o FIXED" in example(name).fix()) == (name in REPAIRABLE)


def test_one_more_class_than_labels_suggests_a_background_class():
    assert "background" in example("label-count-mismatch").fix()
    assert "exactly 9 labels" in example("label-count-mismatch", labels=10, classes=9).fix()


def test_scale_that_is_no_scale_is_called_meaningless():
    for scale in (-1.0, float("nan"), float("inf")):
        assert "no meaning" in example("quant-scale-degenerate", scale=scale).message()


def test_model_file_without_a_hint_still_says_what_to_do():
    assert example("model-file-invalid", hint="").fix().startswith("Replace the file")


def test_features_beyond_the_listed_ones_are_mentioned():
    assert "1, 4, 9)" in example("features-constant").message()
    assert "1, 4, 9, ...)" in example("features-constant", count=12).message()


def test_shapes_are_compared_by_sample_with_the_batch_axis_named():
    rank = example("input-rank-or-batch-missing").message()
    assert "[28, 28] for each sample, so [1, 28, 28] with the batch axis" in rank
    assert "takes [1, 28, 28, 1]." in rank
    assert "prepares [96, 96, 3], but the model takes [224, 224, 3]." in (
        example("input-shape-mismatch").message()
    )
