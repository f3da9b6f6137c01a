"""The rule `parity-loss`."""

from collections.abc import Callable
from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.parity_words import IN_WORDS, SENTENCES, Metric
from edgecheck.rules.wording import count, number, percent, plain


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
    Measured values are judged by their variation and by lost R2, reconstructions
    by their squared error, class maps by pixels and mean IoU.

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

    def message(self) -> str:
        """What was found, with its numbers."""
        worded = IN_WORDS.get(self.metric, number)
        words = SENTENCES[self.metric].format(value=worded(self.value), limit=worded(self.limit))
        return f'Output "{plain(self.output)}" {words} ({self._details(worded)}).'

    def fix(self) -> str:
        """What to do."""
        first = "Remove the causes in this report first; else convert without quantization."
        return f"{first} If that file agrees, quantize less; if not, the conversion differs."

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
