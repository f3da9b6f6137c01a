"""The rule `layout-nchw-nhwc`."""

from dataclasses import dataclass, field

from edgecheck.rules.base import Rule
from edgecheck.rules.tried import Tried
from edgecheck.rules.wording import plain, shape


@dataclass(frozen=True)
class LayoutNchwNhwc(Rule):
    """Spec and model order the axes differently: channels first or last.

    ## What it means
    The sizes are the same but stand in another order. One side keeps colour
    planes one after the other (NCHW, as PyTorch does), the other keeps the
    colours of each pixel together (NHWC, as TensorFlow Lite does).

    ## Why it happens
    * The model comes from PyTorch or ONNX; the converter moved the channel
      axis, or kept it, and the spec says the other.
    * The spec was written after the training code, the model exported later.

    ## How edgecheck knows
    The spec's `shape` is a reordering of the sizes in the file, and not equal
    to it; nothing has to run. Or labels show that the model is often wrong,
    and clearly more of up to 128 samples come out right when their values are
    read in the order of the other layout: then a reshape came before. Where
    the float model fails, a `reshape` step to the very sizes of the picture in
    another order is suspected even if nothing that is tried helps.

    ## How to fix
    Move the axis, never reshape. A reshape makes the sizes fit, too, and the
    runtime is content, but every value is in the wrong place:

        x = x.transpose(0, 2, 3, 1)      # NCHW -> NHWC
        x = x.reshape(1, 224, 224, 3)    # wrong: scrambles the image

    In the spec use a `transpose` step and set `layout` to what the model
    takes. In one measured case the reshape took accuracy from 75% to 23%.

    ## References
    * https://github.com/onnx/onnx-tensorflow/issues/862
    * https://github.com/PINTO0309/onnx2tf/issues/10
    * https://github.com/PINTO0309/tflite2tensorflow/issues/26
    """

    name = "layout-nchw-nhwc"
    severity = "error"
    role = "cause"

    input: str
    spec_shape: list[int] = field(default_factory=list)
    """Of one sample, without the batch axis."""
    model_shape: list[int] = field(default_factory=list)
    """As in the file, batch axis first; -1 is an open size. Of a reshape, the sizes that it makes."""
    is_reshaped: bool = False
    """Whether a step of the spec reshapes the one to the other, and fits the file."""
    tried: Tried | None = None
    """The trial that shows it, where the sizes fit."""

    def message(self) -> str:
        """What was found, with its numbers."""
        if self.tried is not None:
            name = f'Input "{plain(self.input)}"'
            return f"{name} has its values in the order of another layout. {self.tried.told()}"
        if self.is_reshaped:
            return (
                f'Input "{plain(self.input)}": a `reshape` step makes {shape(self.model_shape)} of '
                f"{shape(self.spec_shape)}, the same sizes in another order. It moves no value, so "
                "that rows, columns and channels are mixed up, and the float model fails."
            )
        return (
            f'Input "{plain(self.input)}": the spec prepares {shape(self.spec_shape)} and the '
            f"model takes {shape(self.model_shape[1:])}, the same sizes with the axes in another order."
        )

    def fix(self) -> str:
        """What to do."""
        if self.tried is not None:
            return self.tried.fix(
                "Transpose where the samples are made, and on the device, instead of reshaping: "
                "`x.transpose(1, 2, 0)` takes channels first to channels last."
            )
        if self.is_reshaped:
            return (
                "Reorder the axes with a `transpose` step, there and on the device; never reshape."
            )
        order = self._order()
        taken = shape(self.model_shape[1:])
        how = f"`transpose: {shape(order)}`" if order else f"a transpose to {taken}"
        on_device = f" (x.transpose{order})" if order else ""
        return (
            f"Write {taken} as the spec's `shape`. If its steps do not give that, reorder the axes "
            f"with {how}, there and on the device{on_device}; never reshape."
        )

    def _order(self) -> tuple[int, ...]:
        """The transpose that moves the channel axis to the model's place; empty if none does."""
        for order in ((1, 2, 0), (2, 0, 1)):
            moved = [self.spec_shape[axis] for axis in order if len(self.spec_shape) == 3]
            if moved == self.model_shape[1:]:
                return order
        return ()
