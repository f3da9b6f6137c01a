"""What a conversion starts from, and what the spec says about it."""

from pathlib import Path
from typing import Final

from edgecheck.conversion.request import ConversionRequest, SourceFormat
from edgecheck.errors import InputMissing, UsageError
from edgecheck.runtime.trained.formats import format_of
from edgecheck.spec.model import InputSpec, Spec
from edgecheck.tflite.contract import quantization_scheme
from edgecheck.tflite.reader import load_model

_HINT: Final = (
    "give a .keras or .h5 file, a SavedModel folder, an .onnx file or a float .tflite file"
)


def source_format(path: Path) -> SourceFormat:
    """The format of a source that exists.

    Raises:
        UsageError: it is nothing that is converted, or quantized already.
        InputMissing: there is nothing.
        ModelFileInvalid: a .tflite file that is none.
    """
    found = format_of(path)
    if not path.exists():
        raise InputMissing(f"{path} does not exist", hint=_HINT)
    if found is not None:
        return found
    if path.suffix.lower() != ".tflite":
        raise UsageError(f"{path.name} is no trained model", hint=_HINT)
    scheme = quantization_scheme(load_model(path)[1])
    if scheme != "none":
        raise UsageError(
            f"{path.name} is quantized already ({scheme})",
            hint="convert from the trained model, or its float .tflite; `edgecheck repair` chooses "
            "new ranges for a quantized file",
        )
    return "tflite"


def reference_signature(spec: Spec) -> str | None:
    """What the spec calls the signature of the trained model."""
    return spec.model.reference_signature or spec.signature


def request_of(
    spec: Spec, source: Path, form: SourceFormat, out: Path, *, allow_code: bool
) -> ConversionRequest:
    """The conversion of a source without quantization, by the names that the spec gives its parts.

    Args:
        spec: its `signature` and inputs are named as in the candidate, which is what is made.
        source: the trained model, which the spec may know as its reference.
        form: its format.
        out: where the .tflite goes.
        allow_code: load a source that brings code along.
    """
    has_signatures = form in {"saved-model", "tflite"}
    return ConversionRequest(
        source=source,
        format=form,
        out=out,
        signature=reference_signature(spec) if has_signatures else None,
        named=spec.signature,
        shapes={name: _shape(each, form) for name, each in spec.inputs.items()},
        names={
            name: each.reference_name
            for name, each in spec.inputs.items()
            if each.reference_name is not None
        },
        allow_code=allow_code,
    )


def _shape(section: InputSpec, form: SourceFormat) -> tuple[int, ...] | None:
    """The shape of a sample in the source; None where that is another than the spec states."""
    # What converts ONNX puts channels last, whatever the source has.
    is_moved = section.reference_layout not in {None, section.layout} and form != "onnx"
    return None if is_moved else section.shape
