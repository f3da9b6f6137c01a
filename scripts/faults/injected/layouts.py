"""Shapes, axes, types and the order of inputs: what a sample looks like when it arrives."""

from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from faults.case import Deployment, Fault, Inject, Part, Trait, Untyped
from faults.child import tensorflow
from faults.conversion import convert
from faults.injected.steps import geometry, values

_SPEC: Final[frozenset[Part]] = frozenset({"spec"})
_NOT_FED: Final = "the model cannot take it, so that there are no outputs to compare"


def _shape(site: Deployment) -> list[int]:
    return list(site.inputs[site.only_input]["shape"])


def _nchw_buffer(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """Channels first in a buffer that is read as channels last."""
    planes = [{"transpose": [2, 0, 1]}, {"reshape": _shape(site)}]
    return site.with_input(steps=[*site.steps(), *planes])


def _nchw_spec(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """A spec that was written for a model of PyTorch."""
    height, width, depth = _shape(site)
    steps = [*site.steps(), {"transpose": [2, 0, 1]}]
    return site.with_input(steps=steps, shape=[depth, height, width], layout="NCHW")


def _without_channels(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """(height, width) for (height, width, 1)."""
    height, width, _ = _shape(site)
    steps = [*site.steps(), {"reshape": [height, width]}]
    return site.with_input(steps=steps, shape=[height, width], layout=None)


def _axis_more(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """(24, 1) for (24): an axis of channels that the model does not have."""
    shape = [*_shape(site), 1]
    return site.with_input(steps=[*site.steps(), {"reshape": shape}], shape=shape)


def _batch_of_two(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """Exported for two samples at a time."""
    base, out = site.base, site.folder / "batch.tflite"
    convert(base.keras, out, "int8", base.representative(), batch=2)
    return replace(site, candidate=out)


def _whole_numbers(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """The input is declared as int32, so that values between 0 and 1 become 0."""
    keras, out = site.folder / "model.keras", site.folder / "float.tflite"
    job = "faults.injected.trained_jobs:with_integer_input"
    tensorflow().call(job, source=site.base.keras, out=keras)
    return replace(site, candidate=site.base.convert(out, "float", source=keras))


def _another_size(site: Deployment, _rng: np.random.Generator) -> Deployment:
    height, width, depth = _shape(site)
    size = [height + 8, width + 8]
    resized = {"resize": {"size": size, "method": "bilinear"}}
    steps = [step for step in geometry(site) if "resize" not in step]
    return site.with_input(steps=[*steps, resized, *values(site)], shape=[*size, depth])


def _decoded(site: Deployment, _rng: np.random.Generator, *, color: str, depth: int) -> Deployment:
    """Pictures with another number of channels."""
    _, *rest = site.steps()
    kept = [step for step in rest if "normalize" not in step]  # its constants are by channel
    shape = [*_shape(site)[:2], depth]
    return site.with_input(steps=[{"decode": {"color": color}}, *kept], shape=shape)


def _crossed(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """Each of two inputs gets what is meant for the other."""
    one, other = site.inputs
    return site.changed("dataset", arrays={one: other, other: one})


def _one_left_out(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """The spec knows one of two inputs."""
    name, _ = site.inputs
    return replace(site, spec={**site.spec, "inputs": {name: site.inputs[name]}})


def _stopped(name: str, variant: str, inject: Inject, **more: Untyped) -> Fault:
    common: dict[str, Untyped] = {
        "harm": "stated", "touches": _SPEC, "reason": _NOT_FED, "stops": True,
    }  # fmt: skip
    return Fault(name, "input", variant, inject, **{**common, **more})


_RANK: Final = "input-rank-or-batch-missing"
_COLOUR: Final[frozenset[Trait]] = frozenset({"colour"})
FAULTS = (
    Fault(
        "layout-nchw-nhwc",
        "input",
        "buffer-reshaped",
        _nchw_buffer,
        harm="input",
        touches=_SPEC,
        needs=_COLOUR,
    ),
    Fault(
        "io-order-swapped",
        "input",
        "crossed",
        _crossed,
        harm="input",
        touches=_SPEC,
        needs=frozenset({"two-inputs"}),
    ),
    _stopped("layout-nchw-nhwc", "shape", _nchw_spec, needs=_COLOUR),
    _stopped(_RANK, "no-channel-axis", _without_channels, needs=frozenset({"picture", "gray"})),
    _stopped(
        _RANK,
        "axis-more",
        _axis_more,
        needs=frozenset({"array"}),
        without=frozenset({"two-inputs"}),
    ),
    _stopped(
        _RANK,
        "batch-of-two",
        _batch_of_two,
        touches=frozenset({"candidate"}),
        without=frozenset({"recurrent"}),
    ),
    _stopped("input-shape-mismatch", "larger", _another_size, needs=frozenset({"resized"})),
    _stopped(
        "channel-count-mismatch", "rgba", partial(_decoded, color="RGBA", depth=4), needs=_COLOUR
    ),
    _stopped(
        "channel-count-mismatch", "gray", partial(_decoded, color="L", depth=1), needs=_COLOUR
    ),
    _stopped(
        "input-count-mismatch", "one-left-out", _one_left_out, needs=frozenset({"two-inputs"})
    ),
    Fault(
        "input-dtype-mismatch",
        "input",
        "whole-numbers",
        _whole_numbers,
        harm="file",
        touches=frozenset({"candidate"}),
        needs=frozenset({"picture", "unit-range"}),
    ),
)
