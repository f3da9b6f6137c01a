"""Exported as something else than the trained model, or than the spec promises."""

from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from faults.case import Deployment, Fault, Format, Inject, Part, Untyped
from faults.injected.trained import changed_model


def _rescaled_again(site: Deployment, _rng: np.random.Generator, *, raw: float) -> Deployment:
    """The graph scales pixels, as one with a Rescaling layer does; so do the steps.

    `raw` is 0 for inputs in 0..1 and -1 for those in -1..1.
    """
    scale = (1 - raw) / 255
    return changed_model(site, "with_rescaling", scale=scale, offset=raw)


def _behind_rescaling(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """Exported from behind the layer that scales; the trained model has it."""
    rows = {n: v / 127.5 - 1 for n, v in site.base.representative().items()}
    site = changed_model(site, "without_rescaling", reference="healthy", representative=rows)
    return site.changed("model", reference=str(site.base.keras))


def _capped(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """Conversion put another activation in: a ReLU that ends at 0.3."""
    site = changed_model(site, "capped", form="float", reference="healthy", most=0.3)
    return site.changed("model", reference=str(site.base.keras))


def _promised(site: Deployment, _rng: np.random.Generator, *, form: Untyped) -> Deployment:
    """Full-integer was promised; the converter was not told so."""
    site = replace(site, candidate=site.base.model(form))
    return site.changed("model", quantization="full-integer")


def _fault(name: str, area: str, variant: str, inject: Inject, **more: Untyped) -> Fault:
    common: dict[str, Untyped] = {"harm": "file", "touches": _TRAINED}
    return Fault(name, area, variant, inject, **{**common, **more})


_TRAINED: Final[frozenset[Part]] = frozenset({"trained", "candidate"})
_FORMS: Final[tuple[Format, ...]] = ("float", "dynamic", "float16")
FAULTS = (
    _fault(
        "input-double-normalized",
        "input",
        "rescaling-in-front.unit",
        partial(_rescaled_again, raw=0.0),
        needs=frozenset({"picture", "unit-range"}),
    ),
    _fault(
        "input-double-normalized",
        "input",
        "rescaling-in-front.signed",
        partial(_rescaled_again, raw=-1.0),
        needs=frozenset({"picture", "signed-range"}),
    ),
    _fault(
        "preprocessing-not-in-exported-graph",
        "input",
        "behind-rescaling",
        _behind_rescaling,
        needs=frozenset({"picture", "raw-range"}),
    ),
    _fault(
        "conversion-divergence",
        "file",
        "relu-capped",
        _capped,
        needs=frozenset({"batch-norm"}),
    ),
    *(
        _fault(
            "partially-quantized-or-hybrid",
            "file",
            form,
            partial(_promised, form=form),
            harm="stated",
            touches=frozenset({"candidate", "spec"}),
            reason="a device for integers cannot run it; its outputs are right",
        )
        for form in _FORMS
    ),
)
