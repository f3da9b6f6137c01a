"""The rule `io-order-swapped`."""

from dataclasses import dataclass, field

from edgecheck.rules.base import Rule
from edgecheck.rules.tried import Tried
from edgecheck.rules.wording import listed, plain, shape, span


@dataclass(frozen=True)
class IoOrderSwapped(Rule):
    """Inputs of one shape come in different orders, depending on who lists them.

    ## What it means
    `get_input_details()` lists the inputs in the order of the file, which is
    not that of the training code. `get_signature_list()` sorts them by name.
    Code that goes by position feeds one input with the values of another;
    as the shapes are equal, no runtime notices.

    ## Why it happens
    * The converter orders inputs by its own names, and the order changes
      when a layer is renamed.
    * Two lists of different order are zipped together.

    ## How edgecheck knows
    It compares the order of the subgraph with the alphabetical one of the
    signature, for inputs of equal shape and type. edgecheck itself binds by
    name only, so that its own results are right. Where labels, or a reference,
    show that something is wrong, the samples of two inputs of one shape are
    exchanged: that clearly more answers come out right proves that they are
    mixed up, and makes it an error. So does, where the float model fails, that
    either's samples fill the range that calibration recorded of the other, and
    not that of their own.

    ## How to fix
    Feed by name, never by position:

        run = interpreter.get_signature_runner()
        run(left=first, right=second)

    Without signatures, on a microcontroller, write the order of the file
    down as constants, and check them when the model changes.

    ## References
    * https://github.com/tensorflow/tensorflow/issues/56985
    * https://github.com/tensorflow/tensorflow/pull/124015
    * https://github.com/breizhn/DTLN/issues/5
    """

    name = "io-order-swapped"
    severity = "warning"
    role = "note"

    by_position: list[str] = field(default_factory=list)
    """Names in the order of the subgraph, as `get_input_details()` has them."""
    by_name: list[str] = field(default_factory=list)
    """The same names in the order of the signature list."""
    shape: list[int] = field(default_factory=list)
    input: str = ""
    other: str = ""
    """Two inputs that get the samples of each other, where `tried` or `recorded` shows that."""
    recorded: list[list[float]] = field(default_factory=list)
    """[lowest, highest] that calibration saw of either, where that shows it."""
    tried: Tried | None = None

    def message(self) -> str:
        """What was found, with its numbers."""
        if self.tried is not None:
            return (
                f'Inputs "{plain(self.input)}" and "{plain(self.other)}" are mixed up: each gets '
                f"the samples of the other. {self.tried.told()}"
            )
        if self.recorded:
            ranges = " and ".join(span(bounds) for bounds in self.recorded)
            return (
                f'Inputs "{plain(self.input)}" and "{plain(self.other)}" are mixed up: the .tflite '
                f"file was calibrated with {ranges}, and each gets values of the other's range."
            )
        return (
            f"Inputs of the same shape {shape(self.shape)} can be mixed up: by position they are "
            f"{listed(self.by_position)}, but the signature lists {listed(self.by_name)}."
        )

    def fix(self) -> str:
        """What to do."""
        exchange = (
            f"Exchange what the spec gives {listed([self.input, self.other])} (the entries of "
            "`dataset.path`, or the arrays in the file), and feed both by name on the device."
        )
        if self.tried is not None:
            return self.tried.fix(exchange)
        if self.recorded:
            return exchange
        return (
            "Feed these inputs by name (`get_signature_runner()`); where only positions exist, "
            f"use the order {listed(self.by_position)}."
        )
