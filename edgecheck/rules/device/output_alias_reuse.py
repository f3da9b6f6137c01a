"""The rule `output-alias-reuse`."""

from dataclasses import dataclass

from edgecheck.rules.dumped import DumpedOutput


@dataclass(frozen=True)
class OutputAliasReuse(DumpedOutput):
    """Outputs that were kept are overwritten by the next run.

    ## What it means
    The answers are right, but they belong to other samples: all are that of
    the last one, or each is that of the sample before.

    ## Why it happens
    * The application keeps a pointer to (in Python: a view of) the output
      tensor, not a copy. The next run writes the same memory.
    * The output is read before Invoke() has finished, or a result of the
      frame before is shown with this one.

    ## How edgecheck knows
    `edgecheck match` runs the model on the same samples and looks for each
    logged answer among those of the other samples.

    ## How to fix
    Copy the values after each run, before the next:

        memcpy(kept, output->data.raw, output->bytes);

    In Python: `interpreter.get_tensor(index).copy()`.

    ## References
    * https://github.com/tensorflow/tensorflow/issues/32920
    * https://github.com/tensorflow/tensorflow/issues/60247
    * https://github.com/raspberrypi/pico-tflmicro/issues/13
    """

    name = "output-alias-reuse"
    severity = "error"
    role = "cause"
