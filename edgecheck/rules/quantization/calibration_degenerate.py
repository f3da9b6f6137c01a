"""The rule `calibration-degenerate`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import REPAIR, count, number, plain


@dataclass(frozen=True)
class CalibrationDegenerate(Rule):
    """Calibration saw nothing but zeros.

    ## What it means
    Ranges of activations come from calibration. The range of this file is
    empty where it should be that of your data: every real value is clipped
    to almost 0, and the model answers the same to everything.

    ## Why it happens
    * `representative_dataset` yields zeros: files were not found, images
      failed to decode, or `np.zeros` stood in for data to make conversion
      work.
    * Pixels were divided twice, or cast to integers after scaling to 0..1.

    ## How edgecheck knows
    TensorFlow writes the scale 7.84e-09 where calibration saw only zeros. An
    input with it is an error; with several inputs, of which one may really
    have been 0, a warning. It is also a warning if more than half of all
    activations have a scale below 1e-6. A single one is a dead layer, and no
    finding.

    ## How to fix
    Look at what calibration really gets, then convert again:

        seen = [x[0] for x in representative_dataset()]
        print(len(seen), min(map(np.min, seen)), max(map(np.max, seen)))

    `edgecheck repair` tries new ranges on the file as it is.

    ## References
    * https://github.com/lp6m/yolov5s_android/issues/23
    * https://github.com/intel/neural-compressor/pull/825
    * https://github.com/tensorflow/tensorflow/issues/44289
    """

    name = "calibration-degenerate"
    severity = "error"
    role = "cause"

    tensor: str
    """The first one."""
    scale: float
    degenerate: int
    """Activations with a scale below 1e-6."""
    activations: int
    """Activations whose scale calibration chose."""

    def message(self) -> str:
        """What was found, with its numbers."""
        return (
            f'Tensor "{plain(self.tensor)}" has the scale {number(self.scale)}, which is what '
            f"calibration on zeros leaves ({self.degenerate} of "
            f"{count(self.activations, 'activation')})."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            "Print number, range and distinct count of the samples that representative_dataset "
            f"yields, repair what loads them, and convert again. {REPAIR}"
        )
