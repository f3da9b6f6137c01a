"""The rule `inputs-nonfinite`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, plain


@dataclass(frozen=True)
class InputsNonfinite(Rule):
    """The prepared data contains NaN or infinite values.

    ## What it means
    Some values that would be fed to the model are not numbers. A float model
    answers NaN to them; an integer model gets an arbitrary code, and the fault
    cannot be seen any more.

    ## Why it happens
    * A CSV has empty cells, or words such as "n/a".
    * A step divides by zero: a standard deviation of 0, a range of no width.
    * The logarithm of silence or of a black image is minus infinity.
    * An array file holds NaN as a mark for "missing".

    ## How edgecheck knows
    It counts NaN and infinite values after the spec's steps, before they are
    quantized, and names one sample that has them.

    ## How to fix
    Look at the sample named. Drop incomplete rows before they reach the
    dataset:

        table = table.dropna()

    Guard divisions and logarithms by the same small constant as training did:

        np.log(np.maximum(energy, 1e-6))

    Filling with zeros is right only if training did so.

    ## References
    * https://github.com/margaretmz/esrgan-e2e-tflite-tutorial/issues/3
      (calibration stops at NaN; the samples were suspected first)
    * TFLite documentation, "8-bit quantization specification": there is no
      integer code for NaN.
    """

    name = "inputs-nonfinite"
    severity = "error"
    role = "cause"

    input: str
    nonfinite: int
    samples_hit: int
    example: str
    """The id of one sample that is hit."""

    def message(self) -> str:
        """What was found, with its numbers."""
        return (
            f'Input "{plain(self.input)}" has {count(self.nonfinite, "value")} that '
            f"{'is' if self.nonfinite == 1 else 'are'} NaN or infinite after preprocessing, in {count(self.samples_hit, 'sample')} (for example "
            f'"{plain(self.example)}").'
        )

    def fix(self) -> str:
        """What to do."""
        return (
            f'Look at sample "{plain(self.example)}": remove incomplete data from the dataset, or '
            "guard the division or logarithm in the steps as training did."
        )
