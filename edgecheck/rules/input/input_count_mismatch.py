"""The rule `input-count-mismatch`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, listed


@dataclass(frozen=True)
class InputCountMismatch(Rule):
    """The spec's inputs are not the model's inputs.

    ## What it means
    The number of inputs differs, or their names do. edgecheck does not guess
    which is which: two inputs of equal shape that are exchanged give wrong
    answers without any error.

    ## Why it happens
    * The converter renamed inputs, as in `serving_default_image:0`.
    * A constant input was folded away, or a state became an input.
    * The spec was written for another export of the model.

    ## How edgecheck knows
    Inputs are matched by name: that of the signature, else of the tensor. A
    single input on both sides may have any name. With several, each name of
    the spec must be one of the model's, and none may be left over.

    ## How to fix
    Use the model's names in the spec:

        inputs:
          left: {kind: image, shape: [96, 96, 1]}
          right: {kind: image, shape: [96, 96, 1]}

    On the device feed by name too, never by position: the list of inputs is
    not in the order of the training code.

        run = interpreter.get_signature_runner()
        run(left=a, right=b)

    ## References
    * https://github.com/tensorflow/tensorflow/issues/56985
      (inputs change order with their names)
    * https://github.com/PINTO0309/onnx2tf/issues/650
    * https://github.com/breizhn/DTLN/issues/5
    """

    name = "input-count-mismatch"
    severity = "error"
    role = "cause"

    spec_inputs: list[str]
    model_inputs: list[str]

    def message(self) -> str:
        """What was found, with its numbers."""
        described, taken = count(len(self.spec_inputs), "input"), len(self.model_inputs)
        return (
            f"The spec describes {described} ({listed(self.spec_inputs)}), the model has "
            f"{taken} ({listed(self.model_inputs)})."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            "Describe exactly these inputs under `inputs` in the spec: "
            f"{listed(self.model_inputs)}."
        )
