"""The trained model itself is wrong: reference and candidate agree, and both are useless.

Where training cannot be told from the steps without more input, labels decide: an untrained model
and one that is fed wrongly look alike, so that only bases with labels are used.
"""

from functools import partial
from typing import Final

import numpy as np

from faults.case import Deployment, Fault, Inject, Part, Trait, Untyped
from faults.injected.trained import changed_model, loss_of
from faults.samples import stored_arrays, with_arrays, with_samples

_TRAINED: Final[frozenset[Part]] = frozenset({"trained", "candidate"})
_LABELLED: Final[frozenset[Trait]] = frozenset({"classes"})
_SEEDS: Final = 2**31


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(_SEEDS))


def _changed(
    site: Deployment, _rng: np.random.Generator, *, job: str, **settings: Untyped
) -> Deployment:
    return changed_model(site, job, **settings)


def _untrained(site: Deployment, rng: np.random.Generator, *, reference: Untyped) -> Deployment:
    """The architecture was rebuilt, the checkpoint not loaded."""
    return changed_model(site, "untrained", seed=_seed(rng), reference=reference)


def _barely(site: Deployment, rng: np.random.Generator) -> Deployment:
    training = site.base.folder / "training.npz"
    return changed_model(
        site, "barely_trained", training=training, seed=_seed(rng), loss=loss_of(site)
    )


def _prior(site: Deployment, rng: np.random.Generator, *, is_constant: bool) -> Deployment:
    """Trained where nearly all samples are of one class, judged where two of three are.

    Judged on even labels the same model could as well be undertrained: what training saw decides.
    """
    labels = site.base.labels()
    top = int(rng.choice(labels))
    site = changed_model(
        site,
        "learned_prior",
        training=site.base.folder / "training.npz",
        seed=_seed(rng),
        top=top,
        share=0.95,
        is_constant=is_constant,
    )
    many, others = np.flatnonzero(labels == top), np.flatnonzero(labels != top)
    few = rng.choice(others, len(many) // 2, replace=False)
    return with_samples(site, sorted([*many.tolist(), *few.tolist()]))


def _one_softmax(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """Two classes, and one output that is always 1."""
    arrays = stored_arrays(site)
    site = with_arrays(site, {**arrays, "y": arrays["y"] % 2})
    return changed_model(site, "softmax_of_one")


def _not_finite(site: Deployment, rng: np.random.Generator, *, value: str) -> Deployment:
    """Training diverged; the float file is what is shipped."""
    place = float(rng.random())
    return changed_model(site, "with_value", form="float", value=value, place=place)


def _fault(name: str, variant: str, inject: Inject, **more: Untyped) -> Fault:
    common: dict[str, Untyped] = {"harm": "file", "touches": _TRAINED, "needs": _LABELLED}
    return Fault(name, "training", variant, inject, **{**common, **more})


_DEAD: Final = "dead-activations"
_RELU: Final = {"needs": _LABELLED, "without": frozenset({"recurrent"})}
_NORMALIZED: Final = {"needs": frozenset({"classes", "batch-norm"})}
_REAL: Final = {"needs": frozenset({"real-values"})}
_OWN_HEAD: Final = {"needs": frozenset({"classes", "array"})}

FAULTS = (
    _fault("weights-not-loaded", "beside-itself", partial(_untrained, reference="float")),
    _fault("weights-not-loaded", "keras", partial(_untrained, reference="keras")),
    _fault("undertrained", "one-pass", _barely),
    _fault(_DEAD, "all-biases", partial(_changed, job="dead", shift=-100.0, share=1.0), **_RELU),
    _fault(
        _DEAD, "nearly-all-biases", partial(_changed, job="dead", shift=-50.0, share=0.97), **_RELU
    ),
    _fault(_DEAD, "last-relu", partial(_changed, job="behind_relu", shift=-10.0), **_REAL),
    _fault(
        "saturated-or-vanished",
        "tanh-100",
        partial(_changed, job="with_weights_times", factor=100.0),
        **_REAL,
    ),
    _fault(
        "saturated-or-vanished",
        "sigmoid-0.01",
        partial(_changed, job="with_weights_times", factor=0.01),
        **_REAL,
    ),
    _fault(
        "saturated-or-vanished",
        "relu-0.01",
        partial(_changed, job="with_weights_times", factor=0.01),
        needs=_LABELLED,
        without=frozenset({"recurrent", "batch-norm"}),
    ),
    _fault(
        "class-prior-collapse",
        "constant-features",
        partial(_prior, is_constant=True),
        touches=_TRAINED | {"data"},
        harm="stated",
        reason="the samples are others, so that outputs cannot be compared one by one",
    ),
    _fault(
        "class-prior-collapse",
        "unrelated-labels",
        partial(_prior, is_constant=False),
        touches=_TRAINED | {"data"},
        harm="stated",
        reason="the samples are others, so that outputs cannot be compared one by one",
    ),
    _fault(
        "train-mode-export",
        "batch-statistics",
        partial(_changed, job="in_train_mode"),
        **_NORMALIZED,
    ),
    _fault(
        "train-mode-export",
        "float-beside-healthy",
        partial(_changed, job="in_train_mode", form="float", reference="healthy"),
        touches=frozenset({"candidate"}),
        **_NORMALIZED,
    ),
    _fault(
        "bn-statistics-unconverged",
        "momentum-0.999",
        partial(_changed, job="with_old_statistics", kept=0.82, reference="keras"),
        **_NORMALIZED,
    ),
    _fault(
        "degenerate-head",
        "softmax-of-one",
        _one_softmax,
        touches=_TRAINED | {"data", "labels"},
        **_OWN_HEAD,
    ),
    _fault("nan-or-inf-weights", "nan", partial(_not_finite, value="nan"), needs=frozenset()),
    _fault("nan-or-inf-weights", "infinity", partial(_not_finite, value="inf"), needs=frozenset()),
)
