"""Features on one scale, as training may have had them: by the mean and the deviation of each."""

import numpy as np

from edgecheck import thresholds
from edgecheck.metrics.moments import ColumnMoments
from edgecheck.spec.model import InputSpec
from edgecheck.spec.value_steps import Normalize
from edgecheck.tensors import Array

_NEAR = 0.5
"""Means and deviations, off 0 and 1 by no more than this (or its half), are those of standardised
features."""


def standardizing(moments: ColumnMoments) -> Normalize | None:
    """The step that standardises features; a column that never changes keeps its unit.

    Args:
        moments: of the features as they arrive, float64 (columns,) each.

    Returns:
        None for fewer than two columns, where none of them varies or a moment is not finite, and
        for features that are standardised already.
    """
    mean, std = moments.mean, moments.std
    is_known = np.isfinite(mean).all() and np.isfinite(std).all() and (std > 0).any()
    if len(std) < 2 or not is_known or _is_standard(mean, std):
        return None
    return Normalize(mean=_numbers(mean), std=_numbers(np.where(std > 0, std, 1.0)))


def standardized(spec: InputSpec, moments: ColumnMoments) -> InputSpec | None:
    """The spec of an input with that step behind its own.

    Returns:
        None where there is none, and for arrays whose values are all of one size, as pixels are:
        another scale for all of them is not about features.
    """
    step = standardizing(moments)
    is_alike = spec.kind != "table" and not moments.spread > thresholds.UNSCALED_SPREAD
    if step is None or is_alike:
        return None
    return spec.model_copy(update={"steps": (*spec.steps, step), "range": None})


def _is_standard(mean: Array, std: Array) -> bool:
    varied = std > 0
    is_centred = np.abs(mean[varied]) <= _NEAR
    is_scaled = np.abs(np.log2(std[varied])) <= 2 * _NEAR
    return bool((is_centred & is_scaled).all())


def _numbers(values: Array) -> tuple[float, ...]:
    """Six significant digits: more is not known of training's numbers."""
    return tuple(float(f"{value:.6g}") for value in values.tolist())
