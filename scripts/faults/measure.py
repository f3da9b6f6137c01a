"""What a deployment computes, measured by the benchmark itself before edgecheck sees it."""

from dataclasses import dataclass, field

import numpy as np

from edgecheck.errors import EdgecheckError
from faults.agreement import agreement
from faults.baselines import RULES, alarms
from faults.case import Array, Base, Deployment, Harm, Rows
from faults.child import ChildFailed
from faults.prepare import prepared
from faults.running import codings_of, outputs_of

BENIGN = 0.98
"""A fault does no harm where the agreement of its definition stays at or above this."""
_NOT_RUN = (ChildFailed, EdgecheckError, KeyError, ValueError)


@dataclass
class Healthy:
    """Outputs of a base's float model on its own rows, computed once."""

    base: Base
    outputs: dict[str, Array] = field(default_factory=dict)

    def __call__(self) -> dict[str, Array]:
        """By output name."""
        self.outputs = self.outputs or outputs_of(self.base.model("float"), self.base.rows())
        return self.outputs


def harm_of(site: Deployment, kind: Harm, healthy: Healthy) -> float | None:
    """The agreement by which a fault counts as benign; None where it is stated.

    What cannot be prepared or run agrees with nothing: 0.

    Args:
        site: faulted; its spec is written.
        kind: by which definition.
        healthy: of its base.
    """
    if kind == "stated":
        return None
    try:
        if kind == "file":
            found = outputs_of(site.candidate, site.base.rows())
        else:
            found = outputs_of(site.base.model("float"), fed_to(site))
    except _NOT_RUN:
        return 0.0
    count = len(next(iter(found.values())))
    return agreement(site.base, {n: v[:count] for n, v in healthy().items()}, found)


def fed_to(site: Deployment) -> dict[str, Array]:
    """The real values that the model gets: those of the dump, or the rows of the spec."""
    if site.fed is None:
        return prepared(site.folder / "spec.yaml")
    with np.load(site.fed) as found:
        return {name: found[name] for name in found.files}


def is_same_run(one: Deployment, other: Deployment) -> bool:
    """Whether two deployments give the same models the same values: what differs shows nowhere."""
    files = [(site.candidate.read_bytes(), site.reference.read_bytes()) for site in (one, other)]
    if files[0] != files[1]:
        return False
    try:
        left, right = fed_to(one), fed_to(other)
    except _NOT_RUN:
        return False
    return left.keys() == right.keys() and all(
        np.array_equal(left[name], right[name], equal_nan=True) for name in left
    )


def parity_of(site: Deployment) -> float:
    """Agreement of the candidate with its own reference, as the deployment feeds both; 0 where
    something cannot be run.
    """
    try:
        rows = fed_to(site)
        expected = _reference_outputs(site, rows)
        return agreement(site.base, expected, outputs_of(site.candidate, rows))
    except _NOT_RUN:
        return 0.0


def _reference_outputs(site: Deployment, rows: Rows) -> dict[str, Array]:
    """Of the reference that the spec names; a Keras file is converted to a float .tflite first."""
    reference = site.reference
    if reference == site.base.keras:
        reference = site.base.model("float")
    if reference.suffix == ".keras":
        made = site.folder / "measured.tflite"
        reference = site.base.convert(made, "float", source=reference)
    return outputs_of(reference, rows)


def alarms_of(site: Deployment, healthy: Healthy) -> dict[str, bool]:
    """What the baselines say: for `validate` of reference and candidate on the same rows, for a
    dump of the device beside the healthy reference.
    """
    try:
        rows = fed_to(site)
        candidate = outputs_of(site.candidate, rows)
        if site.dump is None:
            reference = _reference_outputs(site, rows)
        else:
            count = len(next(iter(rows.values())))
            reference = {name: v[:count] for name, v in healthy().items()}
        scales = {name: coding.scale for name, coding in codings_of(site.candidate)[1].items()}
    except _NOT_RUN:
        return dict.fromkeys(RULES, True)
    return alarms(reference, candidate, scales)
