"""The rule `nonfinite-output`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import Who, count, model, plain


@dataclass(frozen=True)
class NonfiniteOutput(Rule):
    """An output contains NaN or infinite values.

    ## What it means
    The model computed something that is not a number. An app that takes the
    largest score of such an output gets class 0, so the fault shows up as
    "it always predicts the first class".

    ## Why it happens
    * A weight is NaN or infinite since training. The converter does not
      complain, not even when it quantizes.
    * A value leaves the range of float16 (65504): a mask constant such as
      1e30, a sum over a large image.
    * A division by zero or the logarithm of zero, for some inputs only.

    ## How edgecheck knows
    It counts the values that are NaN or infinite in every output, and the
    samples they occur in, before anything is averaged. A single one is
    enough.

    ## How to fix
    Look for bad weights first:

        for w in model.weights:
            if not np.isfinite(w.numpy()).all():
                print(w.name)

    If all are finite, run one bad sample with all tensors preserved and find
    the first operator that is not. Add a small constant inside its division
    or logarithm, replace masks of 1e30 by -1e4, sums by means.

    ## References
    * https://github.com/tensorflow/tensorflow/issues/43719
      (a mask of 1e30 becomes infinite in float16)
    * https://github.com/google-ai-edge/LiteRT/issues/9249
    * https://github.com/tensorflow/tensorflow/issues/44114
    """

    name = "nonfinite-output"
    severity = "error"
    role = "symptom"

    output: str
    nonfinite: int
    values: int
    samples_hit: int
    who: Who

    def message(self) -> str:
        """What was found, with its numbers."""
        return (
            f'Output "{plain(self.output)}" of {model(self.who)} has {self.nonfinite} NaN or '
            f"infinite values among {self.values}, in {count(self.samples_hit, 'sample')}."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            "Check the trained weights for NaN. If they are finite, run one of these samples with "
            "all tensors preserved and repair the first operator that gives NaN or infinity."
        )
