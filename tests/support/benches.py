"""Benches for experiments on models in files, with LiteRT."""

from dataclasses import replace

from walking import setup_of

from edgecheck.checks.evidence import Evidence
from edgecheck.compare.weight_match import match_weights
from edgecheck.diagnosis.experiments.bench import Bench
from edgecheck.tflite.dequantize.twin import twin_of
from edgecheck.tflite.weights import weights_of


def bench_of(folder, candidate, rows, *, reference=None, progress=lambda *_: None, **sections):
    """A candidate (bytes) on rows, held against a reference (bytes), or else its twin."""
    path = folder / "candidate.tflite"
    path.write_bytes(candidate)
    setup, data = setup_of(path, rows, **sections)
    model, theirs, weights = setup.candidate.model, [], None
    if reference is not None:
        other = folder / "reference.tflite"
        other.write_bytes(reference)
        entrant = setup_of(other, rows)[0].candidate
        setup = replace(setup, reference=replace(entrant, who="reference"))
        theirs = weights_of(reference, entrant.model)
        weights = match_weights(weights_of(data, model), theirs)
    twin = twin_of(data, model)
    evidence = Evidence(
        spec=setup.spec,
        label_names=(),
        model=model,
        contract=setup.candidate.contract,
        bound=setup.candidate.bound,
        data=data,
        weights=weights,
    )
    return Bench(
        evidence=evidence,
        setup=setup,
        most=128,
        kernels="default",
        twin=None if twin.data is data else twin,
        reference_weights=theirs,
        folder=folder,
        progress=progress,
    )
