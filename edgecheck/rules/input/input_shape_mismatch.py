"""The rule `input-shape-mismatch`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import plain, shape


@dataclass(frozen=True)
class InputShapeMismatch(Rule):
    """The spec prepares other sizes than the model's input has.

    ## What it means
    The number of dimensions is right, the sizes are not. A runtime refuses
    such values, and a device that copies bytes reads past the end or leaves
    part of the input unset.

    ## Why it happens
    * The model was exported at another resolution or window length than it
      was trained with.
    * Height and width are exchanged.
    * A size that was open in training became 1 in the file, because the
      converter had no other value for it.

    ## How edgecheck knows
    It compares the spec's `shape` with the sizes in the file; an open size
    (-1) in the file fits any. Nothing has to run.

    ## How to fix
    If the model is right, bring `shape` and the resize step in line:

        shape: [224, 224, 3]
        steps:
          - resize: {size: [224, 224], method: bilinear}

    If the spec is right, fix the sizes before converting:

        spec = tf.TensorSpec([1, 224, 224, 3], tf.float32)
        f = tf.function(model).get_concrete_function(spec)
        tf.lite.TFLiteConverter.from_concrete_functions([f], model)

    ## References
    * https://github.com/tensorflow/tensorflow/issues/54659
    * https://github.com/tensorflow/tensorflow/issues/37012
      (sizes that were open in training are fixed in the file)
    """

    name = "input-shape-mismatch"
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
            f'Input "{plain(self.input)}": the spec prepares {shape(self.spec_shape)}, '
            f"but the model takes {shape(self.model_shape[1:])}."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            f"Let the spec's steps produce {shape(self.model_shape[1:])} and write it as `shape`; or, "
            f"if the model was trained on {shape(self.spec_shape)}, export it with these sizes."
        )
