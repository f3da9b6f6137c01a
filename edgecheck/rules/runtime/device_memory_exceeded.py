"""The rule `device-memory-exceeded`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import plain


@dataclass(frozen=True)
class DeviceMemoryExceeded(Rule):
    """The model cannot fit into the memory of the device.

    ## What it means
    Even the least that any runtime needs for this model is more than the
    device has. It cannot be flashed, or its tensors cannot be allocated.

    ## Why it happens
    * A float or dynamic-range file went to a device that was planned for the
      full-integer one, with a quarter of the size.
    * The input is larger than planned: activations grow with its area.
    * One layer near the input holds nearly all of the memory.

    ## How edgecheck knows
    The profile of the device states its memory. Against the flash stands the
    size of the file; against the RAM the largest sum of the inputs and
    outputs of one operator, which must exist at the same time. On a computer
    the file is in RAM too. Scratch buffers, the runtime and the application
    come on top, so a model that passes may still not fit.

    ## How to fix
    Quantize to full-integer, make the input smaller or the first layers
    narrower, or take a device with more memory. `edgecheck inspect` shows
    both sizes.

    ## References
    * https://github.com/tensorflow/tflite-micro/issues/438
    * https://github.com/tensorflow/tflite-micro/issues/1249
    * https://github.com/tensorflow/tensorflow/issues/35070
    """

    name = "device-memory-exceeded"
    severity = "error"
    role = "cause"

    device: str
    memory: Literal["ram", "flash"]
    needed_bytes: int
    """At least."""
    available_bytes: int
    is_expandable: bool

    def message(self) -> str:
        """What was found, with its numbers."""
        inside = " inside the chip" if self.is_expandable else ""
        return (
            f"The model needs at least {self.needed_bytes:,} bytes of {self.memory} and "
            f"{plain(self.device)} has {self.available_bytes:,}{inside}."
        )

    def fix(self) -> str:
        """What to do."""
        smaller = {
            "ram": "Quantize to full-integer or make the input smaller",
            "flash": "Quantize to full-integer or make the model smaller",
        }[self.memory]
        if self.is_expandable:
            return f"{smaller}, or use a board that adds memory outside the chip."
        return f"{smaller}, or take a device with more memory."
