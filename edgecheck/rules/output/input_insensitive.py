"""The rule `input-insensitive`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, plain


@dataclass(frozen=True)
class InputInsensitive(Rule):
    """Changing the input does not change the output.

    ## What it means
    Samples were altered on purpose, by far more than one quantization step,
    and the model's answer stayed the same. Whatever it computes, it does not
    compute it from this input.

    ## Why it happens
    * The input is clipped to one end, or rounded to one code, before the
      first operator.
    * The input is not connected to the output: the wrong part of a graph was
      exported, or its value was folded into a constant.
    * The samples themselves may be fine: this rule does not depend on them
      being different from each other.

    ## How edgecheck knows
    It takes a few samples, makes changed versions of each from their own
    values, runs them, and compares the outputs of one sample's versions with
    each other. If the reference does not answer to them either, nothing is
    reported.

    ## How to fix
    Quantize two of your samples by hand and compare the codes:

        q = np.clip(np.round(x / scale) + zero_point, qmin, qmax)
        print(q.min(), q.max(), len(np.unique(q)))

    One or two codes only: the scale does not fit your values, so calibrate
    again. Many codes: open the file in a viewer and follow the input to the
    output; where the path ends is what the export lost.

    ## References
    * https://github.com/Tencent/PocketFlow/issues/249
      (an intermediate model was exported: one answer for any input)
    * https://github.com/Tencent/PocketFlow/issues/152
    """

    name = "input-insensitive"
    severity = "error"
    role = "symptom"

    input: str
    output: str
    variants: int
    """Versions of each sample that were run, the unchanged one among them."""
    samples: int
    """Samples that they were made from."""

    def message(self) -> str:
        """What was found, with its numbers."""
        return (
            f'Changing input "{plain(self.input)}" does not change output "{plain(self.output)}": '
            f"{count(self.variants, 'version')} of the input gave one and the same answer, in "
            f"each of {count(self.samples, 'sample')}."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            "If the input is quantized, quantize two samples with its scale and zero point: equal "
            "codes call for another calibration. Else check that the export connects input and "
            "output."
        )
