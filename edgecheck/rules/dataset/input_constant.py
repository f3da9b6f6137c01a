"""The rule `input-constant`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, plain


@dataclass(frozen=True)
class InputConstant(Rule):
    """An input is the same for all samples.

    ## What it means
    After preprocessing the samples do not differ in this input. The model has
    nothing to tell them apart by, so equal outputs are right, and no
    comparison over these samples says anything about the model.

    ## Why it happens
    * Files failed to load and zeros stand in for them.
    * A loader yields its first sample for ever, or one frame buffer is never
      refreshed.
    * A step flattens the values: a scale of 0, whole-number division, a clip
      to a range that the values do not reach.

    ## How edgecheck knows
    It counts the distinct prepared values of this input over the dataset.
    This is checked before the outputs are judged: a constant input explains a
    constant output.

    ## How to fix
    Look at two files, and at what becomes of them after each step:

        a, b = (np.asarray(Image.open(p)) for p in paths[:2])
        print(np.abs(a.astype(int) - b.astype(int)).max())

    If the files differ, remove steps from the end of the spec until the
    values differ, too; the last one removed is at fault.

    ## References
    * https://github.com/tensorflow/tensorflow/issues/44289
      (`next(iter(...))` inside the generator: one image for ever)
    * https://github.com/lp6m/yolov5s_android/issues/23
    * https://github.com/iwatake2222/play_with_tflite/issues/28
    """

    name = "input-constant"
    severity = "error"
    role = "cause"

    input: str
    samples: int
    distinct: int

    def message(self) -> str:
        """What was found, with its numbers."""
        return (
            f'Input "{plain(self.input)}" does not vary: {count(self.samples, "sample")} give '
            f"{count(self.distinct, 'distinct input')} after preprocessing."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            "Check that the dataset's files differ and are found. If they do, remove steps from "
            "the end of the spec until the values differ: the last one removed is at fault."
        )
