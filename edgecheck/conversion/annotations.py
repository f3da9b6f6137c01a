"""What a converted file should say about itself, taken from the spec."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from edgecheck.preprocess.ranges import pixel_map
from edgecheck.spec.load import LoadedSpec
from edgecheck.spec.model import InputSpec
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.edit.metadata import Annotations, annotated
from edgecheck.tflite.graph import Contract, Port
from edgecheck.tflite.metadata import TensorMetadata
from edgecheck.tflite.reader import read_model

LABELS: Final = "labels.txt"


def annotate(
    data: bytes, loaded: LoadedSpec, class_names: Sequence[str], origin: dict[str, str]
) -> bytes:
    """The file with normalisation, class names and its origin written into it.

    Args:
        data: a .tflite file.
        loaded: the spec.
        class_names: in the order of the outputs; empty if unknown.
        origin: more to say about where the file comes from.

    Raises:
        EditImpossible: the layout of the file does not allow it.
    """
    spec = loaded.spec
    contract = contract_of(read_model(data), spec.signature)
    inputs = [
        _said(port, spec.inputs, is_alone=len(contract.inputs) == 1) for port in contract.inputs
    ]
    has_labels = _has_classes(contract, class_names)
    labels = (LABELS,) if has_labels else ()
    outputs = [TensorMetadata(port.name, (), (), None, labels) for port in contract.outputs]
    files = {LABELS: "".join(f"{name}\n" for name in class_names)} if has_labels else {}
    said = {"spec_sha256": loaded.sha256, **origin}
    return annotated(data, Annotations(inputs, outputs, files, said))


def _said(port: Port, inputs: Mapping[str, InputSpec], *, is_alone: bool) -> TensorMetadata:
    """About an input: what the steps of the spec's input of that name do."""
    names = [*(inputs if is_alone and len(inputs) == 1 else ()), port.name, port.tensor.name]
    found = next((inputs[name] for name in names if name in inputs), None)
    return (
        TensorMetadata(port.name, (), (), None, ()) if found is None else _input(port.name, found)
    )


def _input(name: str, spec: InputSpec) -> TensorMetadata:
    """Normalisation as (x - mean) / std, where the steps are a straight line from pixels."""
    made = pixel_map(spec)
    if made is None:
        return TensorMetadata(name, (), (), None, ())
    colors: dict[int, Literal["RGB", "L"]] = {1: "L", 3: "RGB"}
    color = colors.get(len(made.low))
    if made.scale is None or made.offset is None or not all(scale > 0 for scale in made.scale):
        return TensorMetadata(name, (), (), color, ())
    std = tuple(1 / scale for scale in made.scale)
    mean = tuple(-offset * each for offset, each in zip(made.offset, std, strict=True))
    return TensorMetadata(name, mean, std, color, ())


def _has_classes(contract: Contract, class_names: Sequence[str]) -> bool:
    """Whether the only output has a value for each name."""
    if len(contract.outputs) != 1 or not class_names or any("\n" in each for each in class_names):
        return False
    sizes = [size for size in contract.outputs[0].tensor.shape if size != 1]
    return sizes == [len(class_names)]
