"""Numbers that 8 or 16 bits cannot hold: edited ranges and scales, and channels of unequal size."""

from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from faults.case import Deployment, Fault, Format, Inject, Part, Trait, Untyped
from faults.injected.file_edits import (
    copied_with,
    edited,
    ranged,
    with_clipped_bias,
    without_scale,
)
from faults.injected.trained import changed_model

_CHANNELS: Final = "faults.injected.channel_jobs:with_channels_times"


def _large_channel(
    site: Deployment, rng: np.random.Generator, *, factor: float, form: Format
) -> Deployment:
    """One hidden channel is larger than all others; the layer behind it takes it back."""
    factors = np.ones(48)
    factors[int(rng.integers(4)) :: 12] = factor
    layer = int(rng.integers(8))
    return changed_model(site, _CHANNELS, form=form, factors=factors.tolist(), layer=layer)


def _uneven_weights(site: Deployment, rng: np.random.Generator) -> Deployment:
    """Channels times 2 ** -6 .. 2 ** 6 in every layer pair, weights with one scale a tensor."""
    factors = (2.0 ** rng.integers(-6, 7, 48)).tolist()
    layer = int(rng.integers(8))
    site = changed_model(site, _CHANNELS, factors=factors, layer=layer)
    source, out = site.folder / "model.keras", site.folder / "per-tensor.tflite"
    site.base.convert(out, "int8", source=source, per_channel=False)
    return replace(site, candidate=out)


def _in_pixels(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """Boxes in pixels of 640, scores in 0..1, one output: a step is larger than any score."""
    return changed_model(site, "with_scaled_outputs", factors=[640.0] * 4 + [1.0] * 2)


def _standardised_in_graph(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """The scaler of a table moves into the graph: one input scale for pressure and vibration."""
    (step,) = site.steps()
    mean, std = (np.asarray(step["normalize"][key]) for key in ("mean", "std"))
    ((name, rows),) = site.base.representative().items()
    raw = {name: (rows * std + mean).astype(np.float32)}
    site = site.with_input(steps=[])
    scale, offset = (1 / std).tolist(), (-mean / std).tolist()
    return changed_model(site, "with_rescaling", representative=raw, scale=scale, offset=offset)


def _fault(name: str, variant: str, inject: Inject, **more: Untyped) -> Fault:
    common: dict[str, Untyped] = {"harm": "file", "touches": frozenset({"candidate"})}
    return Fault(name, "quantization", variant, inject, **{**common, **more})


_RELU: Final[frozenset[Trait]] = frozenset({"recurrent", "two-inputs", "real-values"})
_TRAINED: Final[frozenset[Part]] = frozenset({"trained", "candidate"})
_WEIGHTED: Final[frozenset[Trait]] = frozenset({"recurrent"})

FAULTS = (
    _fault(
        "calibration-unrepresentative",
        "inner-range-sixteenth",
        partial(edited, edit=partial(ranged, factor=1 / 16)),
        without=_WEIGHTED,
    ),
    _fault(
        "quant-range-outlier",
        "inner-range-times-128",
        partial(edited, edit=partial(ranged, factor=128.0)),
        without=_WEIGHTED,
    ),
    _fault(
        "quant-scale-degenerate",
        "zero",
        partial(edited, edit=partial(without_scale, scale=0.0)),
        without=_WEIGHTED,
        stops=True,
    ),
    _fault(
        "quant-scale-degenerate",
        "not-a-number",
        partial(edited, edit=partial(without_scale, scale=float("nan"))),
        without=_WEIGHTED,
        stops=True,
    ),
    _fault(
        "concat-scale-mismatch",
        "reshape-times-8",
        partial(edited, edit=partial(copied_with, factor=8.0)),
        needs=frozenset({"gray", "convolutions", "picture"}),
    ),
    _fault("bias-overflow", "clipped", partial(edited, edit=with_clipped_bias), without=_WEIGHTED),
    _fault(
        "quant-range-outlier",
        "channel-times-100",
        partial(_large_channel, factor=100.0, form="int8"),
        touches=_TRAINED,
        without=_RELU,
    ),
    _fault(
        "fp16-overflow",
        "channel-times-1e7",
        partial(_large_channel, factor=1e7, form="float16"),
        touches=_TRAINED,
        without=_RELU,
    ),
    _fault(
        "weight-per-tensor-loss",
        "powers-of-two",
        _uneven_weights,
        touches=_TRAINED,
        needs=frozenset({"convolutions"}),
    ),
    _fault(
        "head-shared-scale",
        "boxes-in-pixels",
        _in_pixels,
        harm="stated",
        touches=_TRAINED,
        needs=frozenset({"boxes"}),
        reason="the trained model gives other numbers; a step of 2.5 leaves nothing of scores in 0..1",
    ),
    _fault(
        "in-graph-normalization-int8",
        "standardised-in-graph",
        _standardised_in_graph,
        harm="stated",
        touches=_TRAINED | {"spec"},
        needs=frozenset({"table"}),
        reason="the trained model takes other numbers; a step of 400 leaves nothing of five features",
    ),
)
