"""The rule `flex-or-custom-op-required`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import compiled_for, plain, refusal


@dataclass(frozen=True)
class FlexOrCustomOpRequired(Rule):
    """The file holds an operator that the runtime does not bring along.

    ## What it means
    A file can hold custom operators, which only a runtime with their code can
    run, and TensorFlow's own (Flex), which need the Flex delegate. Without
    them tensors cannot be allocated, and nothing runs.

    ## Why it happens
    * It was converted with `SELECT_TF_OPS` or `allow_custom_ops`, because a
      layer has no built-in equivalent, or in training mode.
    * A compiler for an accelerator put its one operator in place of the
      graph. Such a file loads on that accelerator only.

    ## How edgecheck knows
    Each release was asked which custom operators it has; a device profile
    adds those of its accelerator. Nothing is run.

    ## How to fix
    Replace the layer and convert with `tf.lite.OpsSet.TFLITE_BUILTINS` alone,
    or ship a runtime that has the operator. Of a compiled model, validate the
    file that went into the compiler.

    ## References
    * https://github.com/tensorflow/tensorflow/issues/62097
    * https://github.com/tensorflow/flutter-tflite/issues/175
    * https://github.com/tensorflow/tensorflow/issues/40157
    """

    name = "flex-or-custom-op-required"
    severity = "error"
    role = "cause"

    runtime: str
    release: str | None
    """None stands for every release that is known."""
    operator: str
    kind: Literal["custom", "flex"]
    known_since: str | None
    """The oldest release of this runtime that has the operator."""
    is_certain: bool
    device: str | None

    def message(self) -> str:
        """What was found, with its numbers."""
        will_not = refusal(self.runtime, self.release, self.device, is_certain=self.is_certain)
        what = "TensorFlow (Flex)" if self.kind == "flex" else "custom"
        compiled = compiled_for(self.operator)
        by = f"; the file was compiled for {compiled}" if compiled else ""
        return f"{will_not}: it lacks the {what} operator {plain(self.operator)}{by}."

    def fix(self) -> str:
        """What to do."""
        if compiled_for(self.operator):
            return "Validate the file that went into the compiler; this one loads only there."
        if self.known_since is not None:
            return f"Use release {plain(self.known_since)}, which has the operator."
        return (
            "Replace it and convert with `tf.lite.OpsSet.TFLITE_BUILTINS` alone, or ship a "
            "runtime that has it and list it in `custom_operators` of a device profile."
        )
