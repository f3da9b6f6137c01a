"""The rule `flex-or-custom-op-required`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import plain

_COMPILED = {
    "edgetpu-custom-op": "the Coral Edge TPU",
    "ethos-u": "an Arm Ethos-U",
    "DISPATCH_OP": "an NPU, ahead of time",
}
"""Custom operators that compilers put in place of whole graphs -> what they compile for."""


@dataclass(frozen=True)
class FlexOrCustomOpRequired(Rule):
    """The file holds an operator that the runtime does not bring along.

    ## What it means
    Besides the built-in operators a file can hold custom ones, which only a
    runtime with their code can run, and TensorFlow's own (Flex) operators,
    which need the Flex delegate. This runtime has neither, so tensors cannot
    be allocated and nothing runs.

    ## Why it happens
    * The model was converted with `SELECT_TF_OPS` or `allow_custom_ops`,
      because a layer has no built-in equivalent.
    * A random or batch-normalization Flex operator: the model was exported
      in training mode.
    * A compiler for an accelerator put its one operator in place of the
      graph. Such a file loads on that accelerator only.

    ## How edgecheck knows
    Each release of the runtimes was asked which custom operators it has; a
    device profile adds those of its accelerator. Nothing is run.

    ## How to fix
    Replace the layer by built-in operators and convert with these alone:

        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.TFLITE_BUILTINS
        ]

    Or ship a runtime with the operator or the Flex delegate, or compute that
    layer on the host. Of a compiled model, validate the file that went into
    the compiler.

    ## References
    * https://github.com/tensorflow/tensorflow/issues/62097
    * https://github.com/tensorflow/flutter-tflite/issues/175
    * https://github.com/tensorflow/tensorflow/issues/40157
    * https://github.com/tensorflow/tensorflow/issues/58635
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
        where = f"{self.runtime} {plain(self.release) if self.release else '(any release)'}"
        on = f" on {plain(self.device)}" if self.device else ""
        what = "TensorFlow (Flex) operator" if self.kind == "flex" else "custom operator"
        will = "will not" if self.is_certain else "may not"
        compiled = _COMPILED.get(self.operator)
        for_what = f"; the file was compiled for {compiled}" if compiled else ""
        return (
            f"{where}{on} {will} load the model: it holds the {what} {plain(self.operator)}, "
            f"which the runtime does not bring along{for_what}."
        )

    def fix(self) -> str:
        """What to do."""
        compiled = _COMPILED.get(self.operator)
        if compiled:
            return (
                "Validate the file that went into the compiler; this one is compiled for "
                f"{compiled}, and loads only there."
            )
        if self.known_since is not None:
            return f"Use {self.runtime} {self.known_since} or newer, which has the operator."
        if self.kind == "flex":
            return (
                "Replace the TensorFlow-only operator and convert with "
                "`tf.lite.OpsSet.TFLITE_BUILTINS` alone, or ship a runtime with the Flex delegate."
            )
        return (
            "Replace the custom operator by built-in ones and convert again, or ship a runtime "
            "that registers it, and name it in `custom_operators` of a device profile."
        )
