"""How to ask TFLite's converter for a quantization scheme, for the texts of rules."""

_ON = "with `optimizations = [tf.lite.Optimize.DEFAULT]`"
_INT = f"{_ON}, a `representative_dataset` and `target_spec.supported_ops = [tf.lite.OpsSet."
CONVERTER = {
    "none": "without setting `converter.optimizations`",
    "float16": f"{_ON} and `target_spec.supported_types = [tf.float16]`",
    "dynamic-range": f"{_ON} and no `representative_dataset`",
    "full-integer": f"{_INT}TFLITE_BUILTINS_INT8]`",
    "int16x8": f"{_INT}EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8]`",
}
"""What TFLite's converter needs for each scheme that a spec can promise."""
