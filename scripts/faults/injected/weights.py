"""The candidate holds other weights than the reference: another training, one layer, one NaN.

A candidate of another seed that answers alike is benign: both have learned the task.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from faults.case import Deployment, Fault, Inject, Part, Trait, Untyped
from faults.injected.file_edits import edited, with_constant, with_layer_times
from faults.injected.trained import changed_model, loss_of

_CANDIDATE: Final[frozenset[Part]] = frozenset({"candidate"})


def _float_with(site: Deployment, rng: np.random.Generator, *, value: float) -> Deployment:
    """The float file was damaged after conversion; the trained model is healthy."""
    out = site.folder / "float.tflite"
    out.write_bytes(with_constant(Path(site.base.model("float")).read_bytes(), rng, value=value))
    site = replace(site, candidate=out)
    return site.changed("model", reference=str(site.base.keras))


def _another_training(site: Deployment, rng: np.random.Generator) -> Deployment:
    """Quantized from the model of another run."""
    return changed_model(
        site,
        "trained_again",
        reference="healthy",
        training=site.base.folder / "training.npz",
        seed=int(rng.integers(2**31)),
        loss=loss_of(site),
    )


def _never_loaded(site: Deployment, rng: np.random.Generator) -> Deployment:
    """Converted from a model whose checkpoint was not loaded; the reference was."""
    return changed_model(site, "untrained", reference="healthy", seed=int(rng.integers(2**31)))


def _fault(name: str, area: str, variant: str, inject: Inject, **more: Untyped) -> Fault:
    common: dict[str, Untyped] = {"harm": "file", "touches": _CANDIDATE}
    return Fault(name, area, variant, inject, **{**common, **more})


_SEQUENCE: Final[frozenset[Trait]] = frozenset({"recurrent"})
FAULTS = (
    _fault(
        "nan-or-inf-weights",
        "training",
        "nan-in-candidate",
        partial(_float_with, value=float("nan")),
        without=_SEQUENCE,
    ),
    _fault(
        "layer-weights-differ",
        "file",
        "channel-times-100",
        partial(edited, edit=partial(with_layer_times, factor=100.0, is_bias=False)),
        without=_SEQUENCE,
    ),
    _fault(
        "layer-weights-differ",
        "file",
        "biases-times-30",
        partial(edited, edit=partial(with_layer_times, factor=30.0, is_bias=True)),
        without=_SEQUENCE,
    ),
    _fault("wrong-model-file", "file", "another-seed", _another_training),
    _fault("weights-not-loaded", "training", "beside-healthy", _never_loaded),
)
