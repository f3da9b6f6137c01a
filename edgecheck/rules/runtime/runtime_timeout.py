"""The rule `runtime-timeout`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import number, plain


@dataclass(frozen=True)
class RuntimeTimeout(Rule):
    """Loading or running the model took longer than allowed.

    ## What it means
    The runtime was still busy when the time limit ended, and was stopped.
    Nothing is known about the answer: it may hang, or only be slow here.

    ## Why it happens
    * A loop inside the model (WHILE) never meets its end condition.
    * Kernels of a microcontroller runtime are not optimised for a desktop
      processor, so a large model takes minutes.
    * Threads wait for each other, or a delegate waits for a device.
    * The model is simply large for this machine.

    ## How edgecheck knows
    Loading, and each run of one sample, have a time limit. The child process
    that exceeds it is ended. The evidence has the phase and the sample.

    ## How to fix
    Allow ten times as long, once:

        edgecheck validate spec.yaml model.tflite --timeout 600

    If it still does not end, it hangs: run it with one thread and without
    delegates, and with a second runtime, to see which of them hangs. A model
    that hangs on one sample only is likely to loop on that sample's values.

    ## References
    * https://github.com/tensorflow/tensorflow/issues/46107
      (`invoke` of a detection model does not return)
    * https://github.com/tensorflow/tflite-micro/issues/3098
      (half an hour for one run: no optimised kernels on a desktop)
    """

    name = "runtime-timeout"
    severity = "error"
    role = "cause"

    runtime: str
    version: str
    phase: str
    """"load" or "run"."""
    seconds: float
    """The limit."""
    sample: str | None

    def message(self) -> str:
        """What was found, with its numbers."""
        what = "loading the model" if self.phase == "load" else "running the model"
        at = "" if self.sample is None else f' on sample "{plain(self.sample)}"'
        unit = "second" if self.seconds == 1 else "seconds"
        runtime = f"{plain(self.runtime)} {plain(self.version)}"
        return f"The runtime {runtime} was not done {what}{at} after {number(self.seconds)} {unit}."

    def fix(self) -> str:
        """What to do."""
        longer = number(10 * self.seconds)
        return (
            f"Run once more with `--timeout {longer}`. If it still does not end, try one thread, "
            "no delegate and another runtime to see which of them hangs."
        )
