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
        ("std::bad_alloc", "out of memory"),
        ("ResourceExhaustedError: OOM when allocating tensor", "out of memory"),
        ("error: unknown dimension in 'tf.Reshape'", "not fixed"),
    ],
)  # fmt: skip
def test_known_complaints_are_told_apart(words, part):
    reason, hint = translated(words, "full-integer")
    assert part in reason
    assert hint


def test_unknown_words_give_their_last_error_on_one_line():
    words = "noise\nerror: first\nloc(x): error: \x1b[31mthe last of many words\nafterwards"
    reason, hint = translated(words, "none")
    assert "the last of many words" in reason
    assert "\x1b" not in reason
    assert "\n" not in reason
    assert "-v" in hint


def test_no_words_are_said_to_be_none():
    assert "said nothing" in translated("", "none")[0]
