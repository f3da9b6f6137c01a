"""What is said of a mistake that a dump shows, whatever its rule."""

import pytest

from edgecheck.findings import Finding, Subject
from edgecheck.mistakes.bank import usual_mistakes
from edgecheck.mistakes.mistake import Receiver
from edgecheck.quantization import QuantParams
from edgecheck.rules.catalogue import RULES, rule_named
from edgecheck.rules.dumped import DumpedInput, DumpedOutput
from edgecheck.rules.remedies import OTHERWISE, REMEDIES
from edgecheck.tflite.graph import Tensor

FACTS = {
    "input": "image",
    "rule": "channel-order-swapped",
    "seen_in": "input",
    "samples": 4,
    "mistakes": ["bgr"],
    "words": "the colour channels the other way round",
    "exact_share": 1.0,
}


def receivers():
    for dtype, params in (("int8", QuantParams((1 / 127.5,), (-1,))), ("float32", None)):
        tensor = Tensor(0, "x", (1, 32, 32, 3), (), dtype, params, 0, False, False)
        line = ((1 / 127.5, -1.0),)
        yield Receiver("x", (32, 32, 3), tensor, 2, is_picture=True, lines=line)
        yield Receiver("x", (8,), tensor, lines=((2.0, 1.0),))
        yield Receiver("x", (8,), tensor, is_sound=True)


def test_every_usual_mistake_has_a_rule_and_a_remedy():
    rules = {mistake.rule for each in receivers() for mistake in usual_mistakes(each)}
    assert len(rules) > 10
    assert rules <= set(REMEDIES)
    assert set(REMEDIES) <= {rule.name for rule in RULES}


@pytest.mark.parametrize("rule", REMEDIES)
def test_a_finding_of_another_rule_has_its_name_and_role(rule):
    facts = DumpedInput(**{**FACTS, "rule": rule})
    found = Finding.of(facts, Subject("input", "image"), named=rule_named(rule), severity="error")
    assert (found.rule, found.role, found.severity) == (rule, rule_named(rule).role, "error")
    assert found.fix == REMEDIES[rule]
    assert found.evidence["mistakes"] == ["bgr"]
    same = Finding.of(facts, Subject("input", "image"), named=rule_named(rule))
    assert found.fingerprint == same.fingerprint


def test_a_rule_without_a_remedy_sends_to_the_spec():
    assert DumpedInput(**{**FACTS, "rule": "parity-loss"}).fix() == OTHERWISE


def test_lines_are_told_once():
    one = DumpedInput(**FACTS, lines=[[0.5, -1.0], [0.5, -1.0], [0.25, 0.0]])
    assert one.message().endswith("it makes 0.5 * x - 1, 0.25 * x + 0 of a stored value x.")
    other = DumpedInput(**{**FACTS, "mistakes": ["other-scaling"]}, lines=[[0.5, -1.0]])
    assert "stored value" not in other.message()


def test_only_a_few_of_those_alike_are_listed():
    said = DumpedInput(**{**FACTS, "seen_in": "outputs"}, alike=list("abcde")).message()
    assert said.endswith(
        "The same would come of a, or b, or c, or 2 more. Dump the input to decide."
    )


@pytest.mark.parametrize(
    ("rule", "words"),
    [("label-order-or-offset", "labels"), ("output-order-changed", "by name"),
     ("kernel-divergence", "not to blame"), ("output-alias-reuse", "memcpy"),
     ("output-not-dequantized", "`value = 2.0f * (int)q`")],
)  # fmt: skip
def test_each_mistake_with_an_output_has_a_remedy(rule, words):
    facts = DumpedOutput(
        output="y", rule=rule, samples=1, mistakes=["k"], words="w", exact_share=1.0,
        right="value = 2.0f * (int)q",
    )  # fmt: skip
    assert words in facts.fix()


def test_pixels_are_no_codes_of_a_tensor_with_another_scale():
    facts = {**FACTS, "rule": "input-signedness-offset", "mistakes": ["uint8-as-int8"]}
    direct = DumpedInput(**facts, right="q = pixel - 128").fix()
    scaled = DumpedInput(**facts, right="q = clamp(lroundf(x / 0.02f) - 14, -128, 127)").fix()
    assert "subtract 128 from each" in direct
    assert "not enough here" in scaled
    assert "XOR" not in scaled
    codes = DumpedInput(**{**facts, "mistakes": ["uint8-codes-as-int8"]}, right="q = clamp(x)")
    assert "subtract 128 from each" in codes.fix()


def test_the_samples_that_are_hit_are_told():
    one = DumpedInput(**{**FACTS, "samples": 9}, hit=["a", "b"], samples_hit=2)
    assert "of the values of 2 of 9 samples (a, b) fit" in one.message()
    facts = {**FACTS, "samples": 9, "mistakes": ["nonfinite"], "words": "values that are NaN"}
    some = DumpedInput(**facts, hit=list("abcd"), samples_hit=4).message()
    assert some.endswith("gets values that are NaN, in 4 of 9 samples (a, b, c, ...).")
    assert (
        DumpedInput(**facts, hit=list("abc"), samples_hit=9).message().endswith("in all samples.")
    )
