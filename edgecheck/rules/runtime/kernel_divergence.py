"""The rule `kernel-divergence`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, number, percent, plain

_FIX = {
    "delegate": "Validate with the kernels that the device has, and report the operator to the "
    "runtime's authors if the device uses the default ones.",
    "kept-tensors": "Try another release of the runtime, and report the model to its authors: "
    "some kernel reads memory that it did not write.",
}


@dataclass(frozen=True)
class KernelDivergence(Rule):
    """The same file gives other answers in other kernels of the same runtime.

    ## What it means
    A runtime has several implementations of an operator. They may differ by a
    step, and after a softmax by some tens; beyond that one of them is wrong, and
    what you validate here is not what the device computes.

    ## Why it happens
    * An optimized kernel with a bug (average pools, broadcasting, resizing).
    * A kernel that reads memory which nobody wrote: then the answer depends on
      whether inner tensors are kept.

    ## How edgecheck knows
    The first 32 samples are run in the builtin kernels and with the default
    delegate (XNNPACK). The warning is given for less than 15 dB SQNR between
    the two, or in classification for less than 90 % equal classes on 20 samples
    or more; healthy published models have 22 dB and 95 % at least. In the
    builtin kernels alone, outputs with inner tensors kept and without must be
    equal in every bit; if they are not, that is an error.

    ## How to fix
    Find out which kernels the device has (microcontrollers have neither of
    these), and compare with what it really puts out.

    ## References
    * https://github.com/tensorflow/tensorflow/issues/23598
    * https://github.com/espressif/esp-tflite-micro/issues/86
    * https://github.com/tensorflow/tensorflow/issues/99072
    """

    name = "kernel-divergence"
    severity = "warning"
    role = "note"

    output: str
    kind: Literal["delegate", "kept-tensors"]
    samples: int
    changed: int
    """Samples with another output when inner tensors are kept."""
    sqnr_db: float | None
    """Default against builtin kernels."""
    agreement: float | None

    def message(self) -> str:
        """What was found, with its numbers."""
        if self.kind == "kept-tensors":
            return (
                f'Output "{plain(self.output)}" changes on {count(self.changed, "sample")} of '
                f"{self.samples} when the runtime keeps inner tensors, in the same kernels."
            )
        agree = "" if self.agreement is None else f" and {percent(self.agreement)} equal classes"
        return (
            f'Output "{plain(self.output)}" differs between the default and the builtin kernels: '
            f"{number(round(self.sqnr_db or 0.0, 1))} dB SQNR{agree} on {self.samples} samples."
        )

    def fix(self) -> str:
        """What to do."""
        return _FIX[self.kind]
