"""The rule `parity-loss`."""

from collections.abc import Callable
from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.parity_words import IN_WORDS, SENTENCES, Metric
from edgecheck.rules.wording import REPAIR, count, number, percent, plain


@dataclass(frozen=True)
class ParityLoss(Rule):
    """The .tflite model does not answer as the reference model does.

    ## What it means
    On the same samples the answers differ by more than is tolerated. What was
    measured on the trained model does not hold for this file.

    ## Why it happens
    * Calibration ranges clip, or an operator loses too much in 8 bits.
    * The conversion changed the model, or it has other weights.

    ## How edgecheck knows
    It compares top classes, error energy (SQNR), the 5th percentile of cosines,
    the median KL divergence and, with labels, accuracy by McNemar's paired test.
    Measured values are judged by their variation, together and each element
    alone; detection heads and groups of up to 64 values by it and by SQNR. With
    true values, and for reconstructions, lost R2 and the ratio of squared
    errors must both be beyond their limits. Class maps are judged by pixels and
    mean IoU. Classes that differ are only a warning where the reference itself
    is undecided between them (regret), or where labels show that no accuracy is
    lost.

    ## How to fix
    Convert without `optimizations` and validate that file. If it agrees, try
    16-bit activations, or keep the worst operators in float.

    ## References
    * https://github.com/PINTO0309/onnx2tf/issues/444
    * https://github.com/tensorflow/models/issues/10809
    """

    name = "parity-loss"
    severity = "error"
    role = "symptom"

    output: str
    metric: Metric
    value: float  # for accuracy, R2 and IoU the loss, reference minus candidate, as a share
    limit: float
    interval: list[float] | None
    samples: int
    reference_accuracy: float | None
    candidate_accuracy: float | None
    p: float | None
    element: int | None = None  # along the last axis of measured values, if the metric is of one

    def message(self) -> str:
        """What was found, with its numbers."""
        worded = IN_WORDS.get(self.metric, number)
        words = SENTENCES[self.metric].format(value=worded(self.value), limit=worded(self.limit))
        of = "" if self.element is None else f", element {self.element}, alone"
        return f'Output "{plain(self.output)}"{of} {words} ({self._details(worded)}).'

    def fix(self) -> str:
        """What to do."""
        first = "Remove the causes in this report first. If it has none and the file is quantized,"
        last = "Else convert without quantization: if that agrees, quantize less."
        return f"{first} {REPAIR} {last}"

    def _details(self, worded: Callable[[float], str]) -> str:
        details = [count(self.samples, "sample")]
        if self.interval is not None:
            details.append(f"95% interval {' to '.join(map(worded, self.interval))}")
        reference, candidate = self.reference_accuracy, self.candidate_accuracy
        if reference is not None and candidate is not None:
            details.append(f"accuracy {percent(candidate)} against {percent(reference)}")
        if self.p is not None:
            details.append(f"p = {number(self.p)}")
        return ", ".join(details)
