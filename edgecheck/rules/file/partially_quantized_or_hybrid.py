"""The rule `partially-quantized-or-hybrid`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import listed, percent, plain

_ON = "with `optimizations = [tf.lite.Optimize.DEFAULT]`"
_INT = f"{_ON}, a `representative_dataset` and `target_spec.supported_ops = [tf.lite.OpsSet."
_CONVERTER = {
    "none": "without setting `converter.optimizations`",
    "float16": f"{_ON} and `target_spec.supported_types = [tf.float16]`",
    "dynamic-range": f"{_ON} and no `representative_dataset`",
    "full-integer": f"{_INT}TFLITE_BUILTINS_INT8]`",
    "int16x8": f"{_INT}EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8]`",
}
"""What TFLite's converter needs for each scheme that a spec can promise."""


@dataclass(frozen=True)
class PartiallyQuantizedOrHybrid(Rule):
    """The file is not quantized in the way that the spec promises.

    ## What it means
    The spec states a quantization scheme and the file has another one. A
    device for integers refuses it, is slow, or gives wrong numbers.

    ## Why it happens
    * Without a representative dataset only weights are quantized.
    * An operator without an integer kernel was left in float.
    * The wrong one of several files was picked.

    ## How edgecheck knows
    The types of weights and activations in the file make up its scheme. It is
    compared with `model.quantization` of the spec. QUANTIZE at a float input
    and DEQUANTIZE at a float output belong to full integer.

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

    promised: str
    """`model.quantization` of the spec."""
    found: str
    """The scheme in the file."""
    float_operators: list[str]
    """Those that compute on floats, as `MEAN x2`, the most frequent first."""
    float_share: float

    def message(self) -> str:
        """What was found, with its numbers."""
        promised, found = plain(self.promised), plain(self.found)
        says = f'The spec promises the quantization "{promised}", the file has "{found}"'
        if self.promised not in {"full-integer", "int16x8"} or not self.float_operators:
            return f"{says}."
        left = listed(self.float_operators)
        return f"{says}: {percent(self.float_share)} of its operators compute on floats ({left})."

    def fix(self) -> str:
        """What to do."""
        how = _CONVERTER.get(self.promised, f'as "{plain(self.promised)}"')
        stays = "replace operators without integer kernel, " if self.float_operators else ""
        return f"Convert again {how}; {stays}or correct the promise."
