"""The faults: one module an area, each with a tuple `FAULTS`.

Not injected, and why:

* `delegate` and `kernel-divergence`, an arena that is too small, outputs that nobody wrote: they need
  the device, or a runtime that computes wrongly on purpose.
* `activation-sensitive-op`, `int16x8-unsupported-or-overflow`, `qat-conversion-mismatch`,
  `softmax-output-resolution`: no base has such layers, and one that is trained with them is no small
  change of a healthy one. The acceptance cases have files of these kinds.
* `bias-overflow` from tiny weights beside a large bias: today's converter widens the scale of such
  weights; biases at the end of int32 are edited in.
* random layers of `train-mode-export` (dropout): TensorFlow converts them only with Flex operators.
* two faults at once: `faults.plan.pairs` draws them from this table.
"""

from typing import Final

from faults.case import Fault
from faults.injected import (
    audio,
    calibration,
    conversions,
    dumps,
    input,  # noqa: A004  (the area's name)
    layouts,
    output_dumps,
    packaging,
    pictures,
    quantization,
    resizing,
    runtime_files,
    tables,
    training,
    weights,
)

FAULTS: Final[tuple[Fault, ...]] = (
    *packaging.FAULTS,
    *runtime_files.FAULTS,
    *layouts.FAULTS,
    *input.FAULTS,
    *pictures.FAULTS,
    *resizing.FAULTS,
    *audio.FAULTS,
    *tables.FAULTS,
    *calibration.FAULTS,
    *quantization.FAULTS,
    *conversions.FAULTS,
    *weights.FAULTS,
    *training.FAULTS,
    *dumps.FAULTS,
    *output_dumps.FAULTS,
)
"""Every fault, each with a key of its own."""
