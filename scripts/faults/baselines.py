"""Simpler rules that people use, on the same cases: what would they have said?

Each sees the outputs of the reference and of the candidate on the samples, as its users compare
them. The limits are those of practice and were not fitted here. A file that cannot be run is
noticed by all of them.
"""

from collections.abc import Callable, Mapping

import numpy as np

from faults.case import Array, Rows

ONE_CLASS = 0.95
"""Share of the most frequent class, or of the most frequent output row, that raises an alarm."""
COSINE = 0.99
"""Smallest mean over samples of the cosine with the reference."""
MSE = 0.01
"""Largest mean squared error, in variances of the reference."""
RMSE_SCALE = 0.7
"""Largest root mean square error in steps of the output: TFLite's guide to its quantization
debugger calls a layer above it suspicious. Here on the outputs; never where none is quantized."""


def one_class(_reference: Rows, candidate: Rows, _scales: Mapping[str, float]) -> bool:
    """Whether nearly every sample gets the same answer."""
    return any(_largest_share(values) >= ONE_CLASS for values in candidate.values())


def cosine(reference: Rows, candidate: Rows, _scales: Mapping[str, float]) -> bool:
    """Whether an output points elsewhere than the reference."""
    return any(not _mean_cosine(v, candidate[n]) >= COSINE for n, v in reference.items())


def mse(reference: Rows, candidate: Rows, _scales: Mapping[str, float]) -> bool:
    """Whether the squared error is large beside what the reference varies."""
    return any(
        not float(((v - candidate[n]) ** 2).mean()) <= MSE * float(v.var())
        for n, v in reference.items()
    )


def rmse_scale(reference: Rows, candidate: Rows, scales: Mapping[str, float]) -> bool:
    """Whether a quantized output is off by more steps than rounding explains."""
    return any(
        scale > 0
        and not float(np.sqrt(((reference[n] - candidate[n]) ** 2).mean())) / scale <= RMSE_SCALE
        for n, scale in scales.items()
    )


RULES: Mapping[str, Callable[[Rows, Rows, Mapping[str, float]], bool]] = {
    "one-class": one_class,
    "cosine < .99": cosine,
    "mse > 1 %": mse,
    "rmse/scale > .7": rmse_scale,
}


def alarms(reference: Rows, candidate: Rows, scales: Mapping[str, float]) -> dict[str, bool]:
    """What each rule says; all of them notice outputs that are missing or have another shape.

    Args:
        reference: outputs (n, ...) by name.
        candidate: the same of the candidate.
        scales: of the candidate's outputs, 0 where one is not quantized.
    """
    if {n: v.shape for n, v in reference.items()} != {n: v.shape for n, v in candidate.items()}:
        return dict.fromkeys(RULES, True)
    return {name: bool(rule(reference, candidate, scales)) for name, rule in RULES.items()}


def _largest_share(values: Array) -> float:
    """Of the most frequent top class; of the most frequent row where a sample is no vector."""
    if values.ndim == 2 and values.shape[1] > 1:
        answers = values.argmax(axis=1)
        return float(np.unique(answers, return_counts=True)[1].max() / len(answers))
    rows = np.unique(values.reshape(len(values), -1), axis=0, return_counts=True)[1]
    return float(rows.max() / len(values))


def _mean_cosine(left: Array, right: Array) -> float:
    left, right = left.reshape(len(left), -1), right.reshape(len(right), -1)
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    products = (left * right).sum(axis=1)
    return float(
        np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0).mean()
    )
