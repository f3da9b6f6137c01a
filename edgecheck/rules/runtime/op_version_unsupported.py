"""The rule `op-version-unsupported`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import plain


@dataclass(frozen=True)
class OpVersionUnsupported(Rule):
    """The runtime does not know an operator of the file, or not in the version that it has.

    ## What it means
    When a model is loaded, every operator is looked up by name and version.
    The runtime does not find one of them, so the whole file is refused: no
    layer runs, and firmware may stop without a word.

    ## Why it happens
    * The converter is newer than the runtime. It writes the version that the
      operator needs, and features such as per-channel weights of dense
      layers raised it.
    * The operator itself is newer than the runtime.
    * TensorFlow Lite Micro does not have the operator at all.

    ## How edgecheck knows
    Each release of the runtimes was asked, operator by operator, which
    versions it accepts; the answers are in tables that edgecheck brings
    along. Operators and versions of the file are looked up there, without
    running anything. A release between two that were asked is an error only
    where both refuse.

    ## How to fix
    Update the runtime on the device to the release in the message. Where
    that cannot be, convert with the TensorFlow release that the runtime
    belongs to, or with another quantization scheme: full-integer and
    dynamic-range need different versions of the same operator.

    ## References
    * https://github.com/tensorflow/tflite-micro/issues/621
    * https://github.com/tensorflow/tflite-micro/issues/1794
    * https://github.com/tensorflow/tensorflow/issues/50641
    * https://github.com/tensorflow/tensorflow/issues/61944
    * https://github.com/tensorflow/flutter-tflite/issues/259
    """

    name = "op-version-unsupported"
    severity = "error"
    role = "cause"

    runtime: str
    release: str | None
    """None stands for every release that is known."""
    operator: str
    version: int
    highest: int | None
    """Highest version that the release knows; None if it lacks the operator altogether."""
    known_since: str | None
    """The oldest release of this runtime that knows the operator in this version."""
    successor: str | None
    """The package and release that took this runtime's place and knows it."""
    is_certain: bool
    device: str | None

    def message(self) -> str:
        """What was found, with its numbers."""
        where = f"{self.runtime} {plain(self.release) if self.release else '(any release)'}"
        on = f" on {plain(self.device)}" if self.device else ""
        knows = "lacks it" if self.highest is None else f"knows versions up to {self.highest}"
        operator = f"{plain(self.operator)} version {self.version}"
        since = f", {self.runtime} {self.known_since} is the first to have it"
        will = "will not" if self.is_certain else "may not"
        return (
            f"{where}{on} {will} load the model: it holds {operator}, and the runtime "
            f"{knows}{since if self.known_since else ''}."
        )

    def fix(self) -> str:
        """What to do."""
        if self.runtime == "tflm":
            return (
                "Replace the operator in the trained model by others and convert again, or add "
                "a kernel for it to the firmware."
            )
        convert = "convert again with the TensorFlow release that the device's runtime belongs to"
        if self.successor is not None:
            return (
                f"Use {self.successor} or newer, which took the place of {self.runtime}, or "
                f"{convert}, or without this operator."
            )
        if self.known_since is None:
            return f"{convert[0].upper()}{convert[1:]}, or without this operator."
        return (
            f"Update the runtime on the device to {self.runtime} {self.known_since} or newer, or "
            f"{convert}, or with another quantization scheme."
        )
