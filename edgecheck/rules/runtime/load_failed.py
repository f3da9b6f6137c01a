"""The rule `load-failed`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import clause, plain

_ADVICE = {
    "Select TensorFlow op": "Replace the TensorFlow-only (Flex) operators and convert with "
    "`tf.lite.OpsSet.TFLITE_BUILTINS` alone, or ship a runtime with the Flex delegate.",
    "custom op": "Replace the custom operator by built-in ones and convert again, or use a "
    "runtime that registers it.",
    "Didn't find op for builtin opcode": "Use a newer runtime on the device, or convert again "
    "with the TensorFlow release that the device's runtime belongs to.",
}
"""Words of TFLite's loader, and what helps; the first match counts."""


@dataclass(frozen=True)
class LoadFailed(Rule):
    """The runtime refuses to load or to run the model.

    ## What it means
    The file is a TensorFlow Lite model, but this runtime will not set it up or
    gives up in a run. A device with the same runtime will do so too.

    ## Why it happens
    * An operator, or a newer version of one, is unknown to the runtime. The
      converter writes the version; an older runtime stops there.
    * It holds TensorFlow (Flex) or custom operators unknown to the runtime.
    * Shapes or types in the file contradict each other, or an operator
      rejects the values of a sample.

    ## How edgecheck knows
    It builds and runs the interpreter in a process of its own and repeats
    what the runtime says. Version, words and sample are in the evidence.

    ## How to fix
    Read the operator's name in the runtime's words. Then either update the
    runtime to the one the converter belongs to, or convert for the older one:

        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.TFLITE_BUILTINS
        ]

    ## References
    * https://github.com/tensorflow/tflite-micro/issues/621
    * https://github.com/tensorflow/tensorflow/issues/50641
    * https://github.com/tensorflow/tensorflow/issues/62097
    """

    name = "load-failed"
    severity = "error"
    role = "cause"

    runtime: str
    version: str
    phase: str  # "load" or "run"
    sample: str | None
    words: str
    """The runtime's own."""

    def message(self) -> str:
        """What was found, with its numbers."""
        runtime = f"{plain(self.runtime)} {plain(self.version)}"
        verb = "load" if self.phase == "load" else "run"
        at = "" if self.sample is None else f' on sample "{plain(self.sample)}"'
        return f"The runtime {runtime} refuses to {verb} the model{at}: {clause(self.words)}."

    def fix(self) -> str:
        """What to do."""
        for needle, advice in _ADVICE.items():
            if needle in self.words:
                return advice
        return (
            "If this report names another cause, remove that first. Else load the file with the "
            "runtime version it was converted with. If that works, update the device's runtime; "
            "if not, convert the trained model again."
        )
