"""Tables and true answers: features as measured, and class names in another order or number."""

from typing import Final

import numpy as np

from faults.case import Deployment, Fault, Inject, Untyped
from faults.samples import stored_arrays, with_arrays, with_samples

_STATED: Final = "labels are what is wrong, so that no output changes"


def _unscaled(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """As measured: the scaler of training was not shipped."""
    return site.with_input(steps=[])


def _only_centred(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """The mean is subtracted, the standard deviation forgotten."""
    (step,) = site.steps()
    mean = step["normalize"]["mean"]
    return site.with_input(steps=[{"normalize": {"mean": mean, "std": 1.0}}])


def _names(site: Deployment) -> list[str]:
    found: list[str] = site.spec["model"]["labels"]
    return list(found)


def _shuffled(site: Deployment, rng: np.random.Generator) -> Deployment:
    """Names in an order in which none stays where it was, as from a listing that is not sorted."""
    names = _names(site)
    order = rng.permutation(len(names))
    moved = np.empty(len(names), int)
    moved[order] = np.roll(order, 1)  # a single cycle through a random order
    return site.changed("model", labels=[names[place] for place in moved])


def _offset(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """Every name one further: a list that starts at another class."""
    names = _names(site)
    return site.changed("model", labels=[*names[-1:], *names[:-1]])


def _exchanged(site: Deployment, rng: np.random.Generator) -> Deployment:
    """Two names in each other's place."""
    names = _names(site)
    one, other = rng.choice(len(names), 2, replace=False)
    names[one], names[other] = names[other], names[one]
    return site.changed("model", labels=names)


def _background(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """A list with a background class in front, for a model without one."""
    return site.changed("model", labels=["background", *_names(site)])


def _one_missing(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """The last line of the list was lost, and no sample is of that class."""
    *names, last = _names(site)
    kept = np.flatnonzero(site.base.labels() != len(names)).tolist()
    assert last
    return with_samples(site, kept).changed("model", labels=names)


def _from_one(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """Classes counted from 1, modulo their number: the last became 0."""
    arrays = stored_arrays(site)
    classes = arrays["y"]
    return with_arrays(site, {**arrays, "y": (classes + 1) % (classes.max() + 1)})


def _beyond(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """Classes counted from 1: there is no output for the last."""
    arrays = stored_arrays(site)
    return with_arrays(site, {**arrays, "y": arrays["y"] + 1})


def _stated(name: str, variant: str, inject: Inject, **more: Untyped) -> Fault:
    common: dict[str, Untyped] = {
        "harm": "stated",
        "touches": frozenset({"labels"}),
        "reason": _STATED,
    }
    return Fault(name, "dataset", variant, inject, **{**common, **more})


_NAMED: Final = {"needs": frozenset({"classes"}), "without": frozenset({"array"})}
_COUNTED: Final = {
    "needs": frozenset({"classes", "array"}),
    "touches": frozenset({"labels", "data"}),
}
_ORDER, _COUNT = "label-order-or-offset", "label-count-mismatch"
FAULTS = (
    Fault(
        "features-unscaled",
        "dataset",
        "as-measured",
        _unscaled,
        harm="input",
        touches=frozenset({"spec"}),
        needs=frozenset({"table"}),
    ),
    Fault(
        "features-unscaled",
        "dataset",
        "only-centred",
        _only_centred,
        harm="input",
        touches=frozenset({"spec"}),
        needs=frozenset({"table"}),
    ),
    _stated(_ORDER, "shuffled", _shuffled, **_NAMED),
    _stated(_ORDER, "one-further", _offset, **_NAMED),
    _stated(_ORDER, "two-exchanged", _exchanged, **_NAMED),
    _stated(_ORDER, "counted-from-one", _from_one, **_COUNTED),
    _stated(_COUNT, "background-in-front", _background, **_NAMED),
    _stated(
        _COUNT, "last-missing", _one_missing, **{**_NAMED, "touches": frozenset({"labels", "data"})}
    ),
    _stated(_COUNT, "beyond-the-last", _beyond, **_COUNTED),
)
