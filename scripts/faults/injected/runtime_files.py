"""Files that the runtime of the target does not know how to run.

What runs, but differs from one delegate or kernel to another, cannot be made without the device:
only a dump shows it.
"""

from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from faults.case import Deployment, Fault, Inject, Untyped
from faults.child import tensorflow


def _rewritten(
    site: Deployment, _rng: np.random.Generator, *, job: str, **settings: Untyped
) -> Deployment:
    out = site.folder / "rewritten.tflite"
    function = f"faults.injected.file_jobs:{job}"
    tensorflow().call(function, source=site.candidate, out=out, **settings)
    return replace(site, candidate=out)


def _fault(name: str, variant: str, inject: Inject, **more: Untyped) -> Fault:
    common: dict[str, Untyped] = {
        "harm": "stated",
        "touches": frozenset({"candidate"}),
        "reason": "the runtime refuses the file",
        "stops": True,
    }
    return Fault(name, "runtime", variant, inject, **{**common, **more})


_FLEX: Final = "flex-or-custom-op-required"
FAULTS = (
    _fault(
        "op-version-unsupported",
        "version-plus-50",
        partial(_rewritten, job="newer_operator", by=50),
    ),
    _fault(_FLEX, "flex-erf", partial(_rewritten, job="custom_operator", name="FlexErf")),
    _fault(_FLEX, "custom", partial(_rewritten, job="custom_operator", name="MyLayer")),
)
