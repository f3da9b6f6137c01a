"""The rule `op-version-unsupported`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import plain, refusal


@dataclass(frozen=True)
class OpVersionUnsupported(Rule):
    """An operator of the file, or its version, is unknown to the runtime.

    ## What it means
    A runtime looks up every operator by name and version before it loads a
    model. It does not find one of them, so it refuses the whole file.

    ## Why it happens
    * The converter is newer than the runtime. It writes the version that the
      operator needs, and new features raised that.
    * The runtime never had the operator: TensorFlow Lite Micro has a part.

    ## How edgecheck knows
    Each release was asked which versions of each operator it accepts; the
    answers are in tables that come with edgecheck. Nothing is run. Between
    two known releases it is an error only where both refuse.

    ## How to fix
    Update the runtime to the release in the message, or convert with the
    TensorFlow release that it belongs to, or in another quantization scheme:
    full-integer and dynamic-range need different versions.

    ## References
    * https://github.com/tensorflow/tflite-micro/issues/621
    * https://github.com/tensorflow/tflite-micro/issues/1794
    * https://github.com/tensorflow/tensorflow/issues/50641
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
        will_not = refusal(self.runtime, self.release, self.device, is_certain=self.is_certain)
        knows = "lacks" if self.highest is None else f"knows only up to version {self.highest}"
        since = (
            f"; release {plain(self.known_since)} is the first with it" if self.known_since else ""
        )
        operator = f"{plain(self.operator)} version {self.version}"
        return f"{will_not}: it holds {operator}, which the runtime {knows}{since}."

    def fix(self) -> str:
        """What to do."""
        other = "convert again with the TensorFlow release that the device's runtime belongs to"
        if self.runtime == "tflm":
            other = "add a kernel for it to the firmware"
        newer = self.successor or (self.known_since and f"{self.runtime} {self.known_since}")
        if newer:
            return f"Use {plain(newer)} or newer on the device, or {other}."
        return f"Replace the operator in the trained model by others, or {other}."
