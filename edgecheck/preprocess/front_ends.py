"""Front ends that a spec could be confused with: the same features by shape, other values.

A model cannot tell that it is fed with these; only labels can.
"""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from edgecheck.preprocess.audio import frame_count
from edgecheck.preprocess.dry_run import clip_samples, final_rate, final_shape
from edgecheck.spec.audio_steps import (
    LONGEST_WINDOW,
    LogMel,
    Mfcc,
    PeakNormalize,
    Resample,
    Stft,
    TrimOrPad,
)
from edgecheck.spec.model import InputSpec
from edgecheck.spec.step_part import StepPart
from edgecheck.spec.value_steps import Rescale

WINDOWS_MS = (20, 25, 30, 32, 40, 64)
STEPS_MS = (10, 12.5, 16, 20, 32)
"""Windows and steps that front ends usually have, in milliseconds."""

RATES = (8000, 16_000, 22_050, 44_100, 48_000)
"""Sample rates that recordings usually have, in Hz."""

INT16 = 32768.0
"""What turns sound in [-1, 1) into 16-bit integers."""

FrontEnd = tuple[str, InputSpec]
"""What differs, in words, and the spec."""

PartT = TypeVar("PartT", bound=StepPart)


def front_ends(spec: InputSpec) -> list[FrontEnd]:
    """Specs that differ from an audio input in one parameter and give samples of the same shape.

    Where no `trim-or-pad` fixes the length of the clips, they are taken to last one second.

    Returns:
        (what differs, in words; the spec), without repetitions; empty where the steps make no
        spectrogram, or the sample rate is unknown.
    """
    rate = final_rate(spec)
    if rate is None or first_of(spec, Stft) is None:
        return []
    shape = final_shape(spec, rate)
    found = [*_framings(spec, rate), *_rates(spec), *_recorded(spec), *_transforms(spec)]
    found += [*_values(spec), *_scales(spec)]
    return [entry for entry in found if shape is not None and final_shape(entry[1], rate) == shape]


def framings(samples: int, frames: int, rate: int, step: Stft) -> list[Stft]:
    """Usual windows and steps that make `frames` of `samples`, the nearest to `step` first."""
    made = [
        step.model_copy(update={"window": round(w * rate / 1000), "step": round(s * rate / 1000)})
        for w in WINDOWS_MS
        for s in STEPS_MS
        if s <= w
    ]
    fitting = [each for each in made if frame_count(samples, each) == frames]
    return sorted(fitting, key=lambda each: _distance(each, step))


def in_ms(step: Stft, rate: int) -> str:
    """Window and step as `30 ms every 20 ms`."""
    return f"{1000 * step.window / rate:g} ms every {1000 * step.step / rate:g} ms"


def first_of(spec: InputSpec, kind: type[PartT]) -> PartT | None:
    """The first step of a kind."""
    found = [step for step in spec.steps if isinstance(step, kind)]
    return found[0] if found else None


def _distance(step: Stft, other: Stft) -> tuple[bool, float]:
    """Changes of one number first, then small ones."""
    is_both = step.window != other.window and step.step != other.step
    ratios = (step.window / other.window, step.step / other.step)
    return is_both, sum(max(ratio, 1 / ratio) for ratio in ratios)


def _framings(spec: InputSpec, rate: int) -> Iterator[FrontEnd]:
    step = first_of(spec, Stft)
    if step is None:
        return
    samples = clip_samples(spec) or rate
    for other in framings(samples, frame_count(samples, step), rate, step):
        # A longer window does not fit the transform any more.
        fft = step.fft if step.fft is None or step.fft >= other.window else None
        if (other.window, other.step) != (step.window, step.step):
            yield (
                f"windows of {in_ms(other, rate)}",
                _with(spec, step, {"window": other.window, "step": other.step, "fft": fft}),
            )


def _rates(spec: InputSpec) -> Iterator[FrontEnd]:
    resample = first_of(spec, Resample)
    for rate in RATES:
        if resample is not None and rate != resample.rate:
            yield f"resampled to {rate} Hz", _with(spec, resample, {"rate": rate})
        elif resample is None and rate != spec.sample_rate:
            changed = spec.model_copy(update={"sample_rate": rate})
            yield f"mel bands of a sample rate of {rate} Hz", changed


def _recorded(spec: InputSpec) -> Iterator[FrontEnd]:
    """Files whose header states another rate than they were recorded at: every length in samples grows."""
    stft, clip, rate = first_of(spec, Stft), first_of(spec, TrimOrPad), spec.sample_rate
    if stft is None or clip is None or rate is None or first_of(spec, Resample) is not None:
        return
    for other in (*RATES, 11_025):
        window, step, samples = (
            round(length * other / rate) for length in (stft.window, stft.step, clip.samples)
        )
        if other == rate or not 1 <= window <= LONGEST_WINDOW or step < 1:
            continue
        longer = _with(spec, stft, {"window": window, "step": step, "fft": None})
        changed = _with(longer, clip, {"samples": samples})
        words = f"sound that was recorded at {other} Hz, whatever its header says"
        yield words, changed.model_copy(update={"sample_rate": other})


def _transforms(spec: InputSpec) -> Iterator[FrontEnd]:
    """A transform as long as the window needs, or the next longer one."""
    step = first_of(spec, Stft)
    if step is None:
        return
    least = step.model_copy(update={"fft": None}).fft_length
    for length in (least, 2 * least):
        if length != step.fft_length and length <= LONGEST_WINDOW:
            yield f"a transform of {length} samples", _with(spec, step, {"fft": length})


def _values(spec: InputSpec) -> Iterator[FrontEnd]:
    """Other values of the parameters that change no shape."""
    choices: dict[type[StepPart], dict[str, tuple[object, ...]]] = {
        Stft: {"power": (1, 2), "window_fn": ("hann", "hamming", "none")},
        LogMel: {
            "log": ("natural", "log10", "db"),
            # torchaudio's filters are nearly TensorFlow's.
            "implementation": ("tensorflow", "librosa"),
        },
        Mfcc: {"implementation": ("tensorflow", "librosa")},
    }
    for kind, fields in choices.items():
        step = first_of(spec, kind)
        for field, values in fields.items() if step is not None else ():
            for value in values:
                if step is not None and getattr(step, field) != value:
                    yield f"`{step.key}: {{{field}: {value}}}`", _with(spec, step, {field: value})


def _scales(spec: InputSpec) -> Iterator[FrontEnd]:
    """Sound as 16-bit integers, or relative to its peak, or the other way round."""
    peak = first_of(spec, PeakNormalize)
    before = spec.steps[: _stft_at(spec)]
    scaled = [step for step in before if isinstance(step, Rescale) and step.scale == INT16]
    if scaled:
        yield "sound in [-1, 1)", _without(spec, scaled[0])
    else:
        yield "sound as 16-bit integers", _before_stft(spec, Rescale(scale=INT16))
    if peak is None:
        yield "clips divided by their peak", _before_stft(spec, PeakNormalize(by="max"))
    else:
        yield "clips not divided by their peak", _without(spec, peak)


def _with(spec: InputSpec, step: StepPart, changes: Mapping[str, object]) -> InputSpec:
    changed = step.model_copy(update=dict(changes))
    steps = tuple(changed if each is step else each for each in spec.steps)
    return spec.model_copy(update={"steps": steps})


def _without(spec: InputSpec, step: StepPart) -> InputSpec:
    steps = tuple(each for each in spec.steps if each is not step)
    return spec.model_copy(update={"steps": steps})


def _before_stft(spec: InputSpec, step: StepPart) -> InputSpec:
    at = _stft_at(spec)
    return spec.model_copy(update={"steps": (*spec.steps[:at], step, *spec.steps[at:])})


def _stft_at(spec: InputSpec) -> int:
    return next(number for number, step in enumerate(spec.steps) if isinstance(step, Stft))
