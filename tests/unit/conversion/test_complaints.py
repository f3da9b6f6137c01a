"""What converters say, in words that tell what to do; the texts are those of TensorFlow 2.21."""

import pytest

from edgecheck.conversion.complaints import translated

SELECT = """<unknown>:0: error: failed while converting: 'main':
Some ops are not supported by the native TFLite runtime, you can enable TF kernels fallback
TF Select ops: MatrixInverse, Erf
Details:
\ttf.MatrixInverse(tensor<1x4x4xf32>) -> (tensor<1x4x4xf32>) : {adjoint = false}
"""
CUSTOM = "Some ops in the model are custom ops, See instructions\nCustom ops: Betainc\nDetails:"


def test_operators_of_tensorflow_are_named_with_a_replacement():
    reason, hint = translated(SELECT, "none")
    assert "MatrixInverse, Erf" in reason
    assert "Flex" in reason
    assert "never adds silently" in reason
    assert "approximate=True" in hint


def test_unknown_operators_of_tensorflow_get_a_general_way_out():
    reason, hint = translated("TF Select ops: Rare\n", "none")
    assert "Rare" in reason
    assert "replace them" in hint


def test_operators_that_no_runtime_has_are_not_called_flex_operators():
    reason, _ = translated(CUSTOM, "none")
    assert "no runtime has the operators Betainc" in reason


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("ValueError: For full integer quantization, a `representative_dataset` must be specified.",
         "representative samples"),
        ("Lowering tensor list ops is failed. Please consider using Select TF ops", "grows a list"),
        ("RuntimeError: Quantization not yet supported for op: 'CUMSUM'.", "quantize CUMSUM"),
        ("RuntimeError: Quantization to 16x8-bit not yet supported for op: 'SIN'.", "quantize SIN"),
        ("KeyError: 'm/integer_lookup_1/None_Lookup/LookupTableFindV2/table_handle'", "in a table"),
        ("std::bad_alloc", "out of memory"),
        ("ResourceExhaustedError: OOM when allocating tensor", "out of memory"),
        ("error: unknown dimension in 'tf.Reshape'", "not fixed"),
    ],
)  # fmt: skip
def test_known_complaints_are_told_apart(words, part):
    reason, hint = translated(words, "full-integer")
    assert part in reason
    assert hint


SEEDS = (
    "KeyError: 'Failed to add concrete function \\'b\\'__inference_serving_default_347\\'\\' to "
    "object-based SavedModel as it captures tensor <tf.Tensor: shape=(), dtype=resource, "
    'value=<ResourceHandle(name="seed_generator/seed_generator_state/7", device="/job:localhost/'
    'replica:0/task:0/device:CPU:0")>> which is unsupported or not reachable from root.'
)


@pytest.mark.parametrize("words", [SEEDS, "TF Select ops: RandomUniform, Mul\n"])
def test_random_numbers_are_told_as_training_mode(words):
    told = " ".join(translated(words, "none"))
    assert "train-mode-export" in told
    assert "training" in told
    assert "seed_generator" not in told


@pytest.mark.parametrize(("scheme", "is_told"), [("none", False), ("full-integer", True)])
def test_no_quantization_is_proposed_only_to_who_asked_for_some(scheme, is_told):
    assert ("--quantize none" in translated("what nobody knows", scheme)[1]) is is_told


@pytest.mark.parametrize("words", [SELECT, CUSTOM, SEEDS, "error: " + "long " * 1000])
def test_every_message_is_short(words):
    assert len(translated(words, "full-integer")[0]) < 400


def test_unknown_words_give_their_last_error_on_one_line():
    words = "noise\nerror: first\nloc(x): error: \x1b[31mthe last of many words\nafterwards"
    reason, hint = translated(words, "none")
    assert "the last of many words" in reason
    assert "\x1b" not in reason
    assert "\n" not in reason
    assert "-v" in hint


def test_no_words_are_said_to_be_none():
    assert "said nothing" in translated("", "none")[0]
