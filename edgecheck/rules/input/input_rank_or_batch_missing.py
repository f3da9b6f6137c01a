"""The rule `input-rank-or-batch-missing`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import plain, shape


@dataclass(frozen=True)
class InputRankOrBatchMissing(Rule):
    """What the spec prepares has another number of dimensions than the input.

    ## What it means
    An axis is missing or too many: the batch axis, the channel axis of a gray
    image, the time axis of a series. Runtimes say `Got 3 but expected 4`; the
    numbers count dimensions, not channels.

    ## Why it happens
    * Gray images are read as [height, width], and the model takes
      [height, width, 1].
    * The batch axis was written into the spec's `shape`, which leaves it out.
    * The model was exported with a fixed extra axis, or flattens its input.

    ## How edgecheck knows
    It counts the sizes in the spec's `shape` and those in the file. Nothing
    has to run.

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
    model_shape: list[int]
    """Both counted alike: with the batch axis, or without."""

    def message(self) -> str:
        """What was found, with its numbers."""
        prepared, taken = len(self.spec_shape), len(self.model_shape)
        return (
            f'Input "{plain(self.input)}": the spec prepares {prepared} dimensions, '
            f"{shape(self.spec_shape)}, and the model takes {taken}, {shape(self.model_shape)}."
        )

    def fix(self) -> str:
        """What to do."""
        axis = self._missing_axis()
        if axis is None:
            return (
                f"Let the spec's steps produce {shape(self.model_shape)} and write it as `shape`."
            )
        return (
            f"Add the missing axis of size 1 at position {axis}, as in np.expand_dims(x, {axis}), "
            "in the spec's `shape` and on the device."
        )

    def _missing_axis(self) -> int | None:
        """Where an axis of size 1 makes the spec's shape the model's; None if nowhere."""
        for axis, size in enumerate(self.model_shape):
            without = self.model_shape[:axis] + self.model_shape[axis + 1 :]
            if size == 1 and without == self.spec_shape:
                return axis
        return None
