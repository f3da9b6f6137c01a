"""The rule `partially-quantized-or-hybrid`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.converter_words import CONVERTER
from edgecheck.rules.wording import listed, percent, plain


@dataclass(frozen=True)
class PartiallyQuantizedOrHybrid(Rule):
    """The file is not quantized as the spec promises or its target needs.

    ## What it means
    The spec states a quantization scheme and the file has another one. A
    device for integers refuses it, is slow, or gives wrong numbers. TFLM has
    no kernels for float values with integer weights, or for float16 weights.

    ## Why it happens
    * Without a representative dataset only weights are quantized.
    * An operator without an integer kernel was left in float.
    * The wrong one of several files was picked.

    ## How edgecheck knows
    The types of weights and activations in the file make up its scheme. It is
    compared with `model.quantization` of the spec. QUANTIZE at a float input
    and DEQUANTIZE at a float output belong to full integer. For a target of
    TFLM it looks for the layers that were measured to fail there.

    ## How to fix
    For full integer, convert with

        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = samples_from_the_spec
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.TFLITE_BUILTINS_INT8
        ]

    ## References
    * https://github.com/tensorflow/tflite-micro/issues/757
    * https://github.com/tensorflow/tensorflow/issues/40866
    * TFLite documentation, "Post-training quantization"
    """

    name = "partially-quantized-or-hybrid"
    severity = "error"
    role = "cause"

    promised: str | None
    """`model.quantization` of the spec; None where the target asks."""
    found: str
    """The scheme in the file."""
    float_operators: list[str]
    """Those that compute on floats, as `MEAN x2`, the most frequent first."""
    float_share: float
    target: str | None = None
    """The runtime that has no kernels for `float_operators`."""

    def message(self) -> str:
        """What was found, with its numbers."""
        found, left = plain(self.found), listed(self.float_operators)
        if self.promised is None:
            return (
                f'The file is "{found}", and {plain(self.target or "")} of the target refuses its '
                f"operators that mix float values with smaller weights: {left}."
            )
        says = (
            f'The spec promises the quantization "{plain(self.promised)}", the file has "{found}"'
        )
        if self.promised not in {"full-integer", "int16x8"} or not self.float_operators:
            return f"{says}."
        return f"{says}: {percent(self.float_share)} of its operators compute on floats ({left})."

    def fix(self) -> str:
        """What to do."""
        if self.promised is None:
            return f"Convert again {CONVERTER['full-integer']}, or without any quantization."
        how = CONVERTER.get(self.promised, f'as "{plain(self.promised)}"')
        stays = "replace operators without integer kernel, " if self.float_operators else ""
        return f"Convert again {how}; {stays}or correct the promise."
