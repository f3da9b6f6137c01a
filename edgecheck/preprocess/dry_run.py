"""What the steps of an audio input make of a clip of known length, found without any sample."""

import numpy as np

from edgecheck.errors import EdgecheckError
from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.spec.audio_steps import Mono, Resample, TrimOrPad
from edgecheck.spec.model import InputSpec


def clip_samples(spec: InputSpec) -> int | None:
    """Samples in every clip after its last `trim-or-pad`; None where there is none."""
    lengths = [step.samples for step in spec.steps if isinstance(step, TrimOrPad)]
    return lengths[-1] if lengths else None


def final_rate(spec: InputSpec) -> int | None:
    """Sample rate that the features are made at, Hz; None where the spec does not say."""
    rates = [step.rate for step in spec.steps if isinstance(step, Resample)]
    return rates[-1] if rates else spec.sample_rate


def final_shape(spec: InputSpec, samples: int | None = None) -> tuple[int, ...] | None:
    """Shape of one sample after all steps, by running them on silence.

    Args:
        spec: an audio input.
        samples: length of its clips at the final rate, where no `trim-or-pad` says it.

    Returns:
        The shape; None where the length is unknown, or the steps cannot run.
    """
    length = clip_samples(spec) or samples
    if length is None:
        return None
    starts = [number for number, step in enumerate(spec.steps) if isinstance(step, TrimOrPad)]
    # What comes before the length is fixed cannot change the shape.
    steps = spec.steps[starts[-1] :] if starts else spec.steps
    if not starts:
        steps = tuple(step for step in steps if not isinstance(step, (Mono, Resample)))
    update = {"steps": steps, "shape": None, "sample_rate": final_rate(spec) or 16_000}
    try:
        made = Pipeline("audio", spec.model_copy(update=update))(
            np.zeros((1, length), np.float32), ["silence"]
        )
    except EdgecheckError:
        return None
    return made.shape[1:]
