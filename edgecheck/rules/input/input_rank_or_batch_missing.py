"""The rule `input-rank-or-batch-missing`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import plain, shape


@dataclass(frozen=True)
class InputRankOrBatchMissing(Rule):
    """The model's input has another number of dimensions, or no batch of one.

    ## What it means
    An axis is missing or too many: the batch axis, the channel axis of a gray
    image, the time axis of a series. Runtimes say `Got 3 but expected 4`; the
    numbers count dimensions, not channels.

    ## Why it happens
    * Gray images are read as [height, width], and the model takes
      [height, width, 1].
    * The batch axis was written into the spec's `shape`, which leaves it out.
    * The model was exported with a fixed batch of several samples, or flat.

    ## How edgecheck knows
    It counts the sizes in the spec's `shape`, adds one for the batch, and
    compares with the file. Nothing has to run.

    ## How to fix
    Write the model's sizes, without the batch axis, as `shape`, and let the
    steps produce them. On the device add the axis in the same place:

        x = np.expand_dims(x, 0)     # [28, 28] -> [1, 28, 28]
        x = np.expand_dims(x, -1)    # -> [1, 28, 28, 1]

    ## References
    * https://github.com/tensorflow/models/issues/9319
      (the 3 in the error was read as a number of channels)
    * https://github.com/tensorflow/tensorflow/issues/49979
    * https://github.com/breizhn/DTLN/issues/56
    """

    name = "input-rank-or-batch-missing"
    severity = "error"
    role = "cause"

    input: str
    spec_shape: list[int]
    """Of one sample, without the batch axis."""
    model_shape: list[int]
    """As in the file, batch axis first; -1 is an open size."""

    def message(self) -> str:
        """What was found, with its numbers."""
        return (
            f'Input "{plain(self.input)}": the spec prepares {shape(self.spec_shape)} for each '
            f"sample, so {shape([1, *self.spec_shape])} with the batch axis, but the model takes "
            f"{shape(self.model_shape)}."
        )

    def fix(self) -> str:
        """What to do."""
        batch, sample = self.model_shape[:1], self.model_shape[1:]
        if batch not in ([1], [-1]):
            return "Export the model with a batch axis of size 1 (or open) in front."
        for axis, size in enumerate(sample):
            if size == 1 and sample[:axis] + sample[axis + 1 :] == self.spec_shape:
                return (
                    f"Write {shape(sample)} as the spec's `shape`. Where samples are arrays, store "
                    f"them with that axis, and add it on the device: np.expand_dims(x, {axis})."
                )
        return f"Write {shape(sample)} as the spec's `shape`, and let its steps produce that."
