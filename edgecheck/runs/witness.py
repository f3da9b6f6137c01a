"""Batch normalization as a witness: what training saw, stored in the reference, against these samples."""

from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from edgecheck.checks.evidence import Evidence, NotApplicable
from edgecheck.checks.labels import reference_is_lost
from edgecheck.checks.parity import has_lost_parity
from edgecheck.compare.binding import sample_shape_of
from edgecheck.compare.experiment import Entrant, Setup
from edgecheck.conversion.representative import write_representative
from edgecheck.errors import EdgecheckError
from edgecheck.findings import BatchNorm
from edgecheck.runs.draft import Draft
from edgecheck.runtime.trained.batch_norm import ObservedNorm, observed_norms
from edgecheck.samples.chunk import Dataset
from edgecheck.samples.part import Part

_SAMPLES, _BYTES = 256, 1 << 28
"""How many are looked at, and what they may take on the disk."""
_SECONDS = 300.0


def hear_witness(draft: Draft, evidence: Evidence, setup: Setup) -> tuple[BatchNorm, ...]:
    """Look at the normalization layers of a trained reference, if anything is wrong.

    Args:
        draft: told the outcome, unless it was not wanted.
        evidence: with the comparison of the pass before.
        setup: of that pass.
    """
    reference = setup.reference
    if reference is None or reference.trained is None or not _is_wanted(draft, evidence):
        return ()
    start = perf_counter()
    try:
        found = _observed(setup, reference, draft.options.timeout)
    except EdgecheckError as error:
        draft.conclude("batch-normalization", "skipped", error.message)
        return ()
    said = "" if found else "the reference has no batch normalization"
    draft.conclude("batch-normalization", "passed" if found else "skipped", said, start)
    return tuple(
        BatchNorm(
            layer=norm.name,
            channels=norm.channels,
            kl_median=norm.kl_median,
            kl_largest=norm.kl_largest,
            shift_median=norm.shift_median,
            variance_ratio_median=norm.variance_ratio_median,
        )
        for norm in found
    )


def _is_wanted(draft: Draft, evidence: Evidence) -> bool:
    layers = draft.options.layers
    if layers != "auto":
        return layers == "always"
    try:
        return has_lost_parity(evidence) or reference_is_lost(evidence)
    except NotApplicable:
        return False


def _observed(setup: Setup, reference: Entrant, timeout: float) -> tuple[ObservedNorm, ...]:
    job = reference.job(setup.spec, (), threads=1)
    with TemporaryDirectory(prefix="edgecheck-") as folder:
        samples = _spread(setup.dataset, _sample_bytes(setup, reference))
        feeds = write_representative(samples, setup.spec.inputs, Path(folder))
        return observed_norms(job, feeds, timeout + _SECONDS)


def _sample_bytes(setup: Setup, reference: Entrant) -> int:
    """Of one sample, prepared, over all inputs: float32."""
    total = 0
    for name, shape in (reference.run_shapes(setup.spec) or {}).items():
        elements = 1
        for size in sample_shape_of(shape, setup.spec.inputs[name].shape):
            elements *= size
        total += 4 * elements
    return max(total, 1)


def _spread(dataset: Dataset, sample_bytes: int) -> Dataset:
    """Some samples, evenly spread: files are often sorted by class."""
    most = max(1, min(_SAMPLES, _BYTES // sample_bytes))
    return Part(dataset, range(0, len(dataset), max(1, -(-len(dataset) // most))))
