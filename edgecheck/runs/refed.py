"""Other steps put to batch normalization: with those of training its statistics are those of the data.

Labels alone may be met by luck with steps that make up for statistics that are wrong.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice

from edgecheck.checks.evidence import Evidence
from edgecheck.checks.proofs import helping
from edgecheck.compare.entrant import Entrant
from edgecheck.compare.experiment import Setup
from edgecheck.compare.trials import Trial
from edgecheck.preprocess.alternatives import Change, alternatives
from edgecheck.preprocess.pixel_alternatives import reversed_channels
from edgecheck.spec.model import InputSpec

_MOST = 8
"""Ways to feed an input that are put to it."""


def refed(evidence: Evidence, setup: Setup, reference: Entrant) -> Iterator[Setup]:
    """The setup with the steps of each trial that meets clearly more labels, the best first.

    Nothing for an input whose best trial changes more than the steps, as one that turns pictures.

    Args:
        evidence: with the trials of the pass.
        setup: of that pass.
        reference: the model that is to be fed.
    """
    shapes = reference.sample_shapes(setup.spec)
    for name, spec in setup.spec.inputs.items():
        found = helping(evidence, name)
        if not found or name not in shapes:
            continue
        seen = next(entry for entry in evidence.observed.inputs if entry.name == name)
        known = dict(alternatives(spec, shapes[name], (seen.low, seen.high), seen.features))
        made = [_steps(trial, known, shapes[name]) for trial in found]
        usable = (other for other in made if other is not None)
        for other in islice(usable, _MOST if made[0] is not None else 0):
            inputs = {**setup.spec.inputs, name: other}
            yield replace(setup, spec=setup.spec.model_copy(update={"inputs": inputs}))


def _steps(
    trial: Trial, known: Mapping[Change, InputSpec], shape: tuple[int, ...]
) -> InputSpec | None:
    """The spec of an input as a trial fed it; None where steps do not say it."""
    if trial.also is None:
        return known.get(trial.change)
    scaled = known.get(trial.also) if trial.change.kind == "channel-order" else None
    return None if scaled is None else reversed_channels(scaled, shape)
