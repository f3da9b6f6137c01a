"""The rule `dynamic-shape-unresolved`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import plain, shape


@dataclass(frozen=True)
class DynamicShapeUnresolved(Rule):
    """The model leaves a size of its input open, and the spec does not state it.

    ## What it means
    A dimension other than the batch is -1 in the file. Until somebody resizes
    the input it counts as 1: an image of 1x1 pixels. Devices that read the
    shape from the file allocate buffers for that.

    ## Why it happens
    * The model was exported with `Input(shape=(None, None, 3))`, or from ONNX
      with dynamic axes.
    * The shape shown by `get_input_details()` hides it: it says 1, and only
      `shape_signature` says -1.

    ## How edgecheck knows
    It reads `shape_signature` of the input tensors. An open batch size is
    usual and harmless, and so is an open size that the spec settles.

    ## How to fix
    State the size in the spec, and resize on the device before allocating:

        interpreter.resize_tensor_input(index, [1, 224, 224, 3])
        interpreter.allocate_tensors()

    Microcontrollers and most accelerators cannot resize: export the model
    with fixed sizes for them.

    ## References
    * https://github.com/tensorflow/tensorflow/issues/54659
    * https://github.com/tensorflow/tensorflow/issues/37012
    * https://github.com/tensorflow/tensorflow/issues/33711
    """

    name = "dynamic-shape-unresolved"
    severity = "warning"
    role = "cause"

    input: str
    shape_signature: list[int]

    def message(self) -> str:
        """What was found, with its numbers."""
        return (
            f'Input "{plain(self.input)}" has the shape {shape(self.shape_signature)}, where -1 '
            "is open, and nothing in the spec says which size training used."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            f"Write `shape` for {plain(self.input)} into the spec, and resize the input on the "
            "device before allocating; or export the model with fixed sizes."
        )
