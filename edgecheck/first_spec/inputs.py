"""The inputs of a first spec, from the file and from what `--from` says."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from edgecheck.first_spec.facts import Fact, InputFacts, Recipe, StepFact
from edgecheck.first_spec.pictures import image_input
from edgecheck.first_spec.shapes import (
    image_shape,
    looks_like_picture,
    looks_like_sound_features,
    looks_like_waveform,
    sample_shape,
)
from edgecheck.first_spec.stored import Stored, stored_of
from edgecheck.spec.audio_steps import TrimOrPad
from edgecheck.spec.value_steps import Reshape
from edgecheck.tflite.graph import Contract, Model, Port
from edgecheck.tflite.metadata import FileMetadata

_NUMERIC = frozenset({"float32", "float16", "int8", "uint8", "int16"})
"""Types of inputs that hold pictures, sound or features."""
_RATE = 16_000


@dataclass(frozen=True)
class ModelFile:
    """A model and what was read of it."""

    data: bytes
    model: Model
    contract: Contract
    said: FileMetadata | None


def inputs_of(file: ModelFile, recipe: Recipe | None) -> tuple[InputFacts, ...]:
    """Every input of the model, in the order of the file.

    A recipe is used for each input that can take it: images, or the inputs that are none.
    """
    return tuple(
        _named(
            file.contract,
            port,
            _input(stored_of(file.data, file.model, file.said, port, at), recipe),
        )
        for at, port in enumerate(file.contract.inputs)
    )


def _named(contract: Contract, port: Port, facts: InputFacts) -> InputFacts:
    if len(contract.inputs) > 1:
        return replace(facts, name=Fact(port.name, "the name in the file"))
    name = {"image": "image", "audio": "sound"}.get(facts.kind.value, "features")
    why = f'any name will do: the model has one input ("{port.name[:60]}")'
    return replace(facts, name=Fact(name, why))


def _input(stored: Stored, recipe: Recipe | None) -> InputFacts:
    shape = sample_shape(stored.tensor)
    image = None if shape is None else image_shape(shape)
    wants_image = recipe is not None and recipe.kind == "image"
    is_numeric = stored.tensor.dtype in _NUMERIC
    if shape is not None and image is not None and is_numeric:
        if wants_image or (recipe is None and looks_like_picture(shape)):
            return image_input(stored, shape, image, recipe)
        if recipe is not None and looks_like_picture(shape) and image.channels > 1:
            return image_input(stored, shape, image, None)
    if recipe is not None and recipe.kind == "audio" and is_numeric:
        return _sound(stored, shape, recipe)
    if shape is not None and is_numeric and looks_like_waveform(shape):
        return _waveform(stored, shape)
    return _array(stored, shape)


def _shape(shape: tuple[int, ...] | None) -> Fact[tuple[int, ...]] | None:
    return None if shape is None else Fact(shape, "of one sample, as the file has it")


def _sound(stored: Stored, shape: tuple[int, ...] | None, recipe: Recipe) -> InputFacts:
    return InputFacts(
        name=Fact("", ""),
        kind=Fact("audio", f"{recipe.origin} is about sound"),
        shape=_shape(shape),
        sample_rate=recipe.sample_rate,
        steps=recipe.values,
        remarks=(*recipe.remarks, *_open_shape(shape)),
        range=stored.range_example(),
    )


def _waveform(stored: Stored, shape: tuple[int, ...]) -> InputFacts:
    return InputFacts(
        name=Fact("", ""),
        kind=Fact("audio", f"{max(shape)} values look like a waveform", "guessed"),
        shape=_shape(shape),
        sample_rate=Fact(_RATE, "the usual rate of speech; write that of training", "guessed"),
        range=stored.range_example(),
        steps=tuple(_waveform_steps(shape)),
    )


def _waveform_steps(shape: tuple[int, ...]) -> Iterator[StepFact]:
    why = "clips of another length are cut at the end, or filled with zeros"
    yield Fact(TrimOrPad(samples=max(shape)), why, "guessed")
    if len(shape) > 1:
        yield Fact(Reshape(shape=shape), "as the file has it")


def _array(stored: Stored, shape: tuple[int, ...] | None) -> InputFacts:
    remarks = list(_open_shape(shape))
    if shape is not None and looks_like_sound_features(shape):
        remarks.append(
            "the shape is that of sound features (frames x bands); to make them from .wav files, "
            "write `kind: audio` and the steps, as configs/keywords.yaml does"
        )
    if stored.tensor.dtype not in _NUMERIC:
        remarks.append(f"the input takes {stored.tensor.dtype}; save the samples as such arrays")
    why = "the shape is not that of an image; `table` if the samples are rows of a .csv"
    return InputFacts(
        name=Fact("", ""),
        kind=Fact("array", why, "guessed"),
        shape=_shape(shape),
        range=stored.range_example(),
        steps=stored.scaling_example(),
        remarks=tuple(remarks),
    )


def _open_shape(shape: tuple[int, ...] | None) -> Iterator[str]:
    if shape is None:
        yield "the file leaves the shape open; write `shape: [...]` of one sample, without the batch"
