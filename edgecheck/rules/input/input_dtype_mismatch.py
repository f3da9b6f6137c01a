"""The rule `input-dtype-mismatch`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import clause, plain


@dataclass(frozen=True)
class InputDtypeMismatch(Rule):
    """The model's input has a type that the prepared values cannot be given to.

    ## What it means
    The spec's steps end in real numbers. This input of the model cannot take
    them: it holds text, or whole numbers without a scale and zero point that
    would say which whole number stands for which real one.

    ## Why it happens
    * The model takes category numbers or token ids, and the spec prepares
      scaled values.
    * The model was exported with raw text or whole images as its input.
    * Scale and zero point were lost when another tool rewrote the file.

    ## How edgecheck knows
    It compares the input's type, scale and zero point in the file with the
    values that the steps produce. An int8 or uint8 input with a scale is fine:
    edgecheck quantizes for it, as the device must.

    ## How to fix
    For ids, let the steps end in whole numbers. For measurements, export the
    input as float32, or as int8 with a representative dataset:

        converter.inference_input_type = tf.int8

    Do not silence the runtime's type error by a plain cast on the device. It
    throws the scale away; quantize instead:

        q = np.clip(np.round(x / scale) + zero_point, -128, 127)
        q = q.astype(np.int8)

    ## References
    * https://github.com/google-coral/pycoral/issues/49
      (four bytes per value given to an input of one byte)
    * https://github.com/tensorflow/tensorflow/issues/22409
    """

    name = "input-dtype-mismatch"
    severity = "error"
    role = "cause"

    input: str
    dtype: str
    """The input's type in the file."""
    detail: str
    """Why the values do not fit."""

    def message(self) -> str:
        """What was found, with its numbers."""
        taken = f'Input "{plain(self.input)}" of the model has type {plain(self.dtype)}'
        return f"{taken}, which cannot hold what the spec prepares: {clause(self.detail)}."

    def fix(self) -> str:
        """What to do."""
        if self.dtype == "string":
            return (
                "Export the model from the point where text has become numbers, and do what "
                "comes before it in the spec's steps."
            )
        return (
            "If the input takes ids or counts, remove the steps that turn them into fractions (a "
            "cast would only cut them off); else export it as float32, or as an integer with "
            "scale and zero point."
        )
