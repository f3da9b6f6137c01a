"""Weights that are NaN or infinite, taken out."""

from collections.abc import Iterator, Sequence

import numpy as np

from edgecheck.checks.constants import WEIGHTED, sound_weights
from edgecheck.compare.beside import Variant
from edgecheck.diagnosis.experiments.bench import Bench, Impossible
from edgecheck.diagnosis.experiments.effect import Outcome, outcome
from edgecheck.diagnosis.experiments.reference_weights import from_reference
from edgecheck.findings import Finding
from edgecheck.rules.wording import count
from edgecheck.tensors import Array
from edgecheck.tflite.constants import Constants
from edgecheck.tflite.edit.editor import Editor
from edgecheck.tflite.flow import constant_uses


def without_nonfinite(
    bench: Bench, findings: Sequence[Finding], others: Sequence[Finding]
) -> Outcome:
    """Give broken layers the weights of the reference; where it is no .tflite, zeros for what is NaN.

    A zero is not what was lost, so that a loss which stays says nothing.

    Raises:
        Impossible: the reference gives NaN itself, or zeros do not mend the model.
        SideFault: a model was refused, crashed or hung.
    """
    if bench.reference_weights:
        return from_reference(bench, findings, others)
    if bench.setup.reference is None:
        raise Impossible("there is no reference that is free of NaN")
    editor, zeroed = Editor(bench.evidence.data), 0
    for place, values in _broken(bench):
        is_sound = sound_weights(values)
        editor.set_buffer(0, place, np.where(is_sound, values, 0).astype(values.dtype).tobytes())
        zeroed += int((~is_sound).sum())
    if not zeroed:
        raise Impossible("no weight is NaN or infinite as it is stored")
    variants = [
        Variant("stored", bench.setup.candidate, bench.kernels),
        Variant("zeros", bench.changed(editor.finish(), "zeros"), bench.kernels),
    ]
    seen = bench.measured(bench.some(), bench.setup.reference, variants)
    action = (
        f"{count(zeroed, 'weight')} that {'are' if zeroed > 1 else 'is'} NaN or infinite set to 0"
    )
    found = outcome(action, seen["stored"], seen["zeros"], bench.evidence.spec.tolerances)
    if found.effect == "none":
        raise Impossible("zeros in place of NaN do not mend the model")
    return found


def _broken(bench: Bench) -> Iterator[tuple[int, Array]]:
    """(tensor, values) of the float weights of the main graph that are not all finite, each once."""
    constants, graph = Constants.of(bench.evidence.data), bench.evidence.model.subgraphs[0]
    uses = {t.index: t for t, operator, _ in constant_uses(graph) if operator.name in WEIGHTED}
    for place, tensor in uses.items():
        values = constants.stored(tensor)
        if values is not None and values.dtype.kind == "f" and not sound_weights(values).all():
            yield place, values
