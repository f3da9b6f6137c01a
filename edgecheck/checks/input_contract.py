"""Inputs of the spec against inputs of the model: names, shapes, types."""

from collections.abc import Iterator, Sequence
from typing import Final

from edgecheck.checks.audio_shape import explain_shape
from edgecheck.checks.evidence import Evidence, NotApplicable, input_subject
from edgecheck.compare.binding import run_shape
from edgecheck.findings import Finding, Subject
from edgecheck.preprocess.dry_run import final_shape
from edgecheck.preprocess.pixel_lines import decodes_bytes, lines
from edgecheck.preprocess.ranges import pixel_map
from edgecheck.rules.base import Rule
from edgecheck.rules.input.channel_count_mismatch import ChannelCountMismatch
from edgecheck.rules.input.dynamic_shape_unresolved import DynamicShapeUnresolved
from edgecheck.rules.input.input_count_mismatch import InputCountMismatch
from edgecheck.rules.input.input_dtype_mismatch import InputDtypeMismatch
from edgecheck.rules.input.input_rank_or_batch_missing import InputRankOrBatchMissing
from edgecheck.rules.input.input_shape_mismatch import InputShapeMismatch
from edgecheck.rules.input.io_order_swapped import IoOrderSwapped
from edgecheck.rules.input.layout_nchw_nhwc import LayoutNchwNhwc
from edgecheck.rules.output.output_order_changed import OutputOrderChanged
from edgecheck.rules.wording import number
from edgecheck.spec.model import InputSpec
from edgecheck.spec.value_steps import Cast
from edgecheck.tensors import REAL_DTYPES
from edgecheck.tflite.graph import Port, Tensor

_WRITTEN: Final = 1e-4
"""Difference from a whole number that is one of written digits; 1/255 is 40 times larger."""


def check_names(evidence: Evidence) -> Iterator[Finding]:
    """Every input of the spec has one of the model, and the other way round."""
    if evidence.bound is None:
        names = [port.name for port in evidence.contract.inputs]
        rule = InputCountMismatch(spec_inputs=list(evidence.spec.inputs), model_inputs=names)
        yield Finding.of(rule, Subject("model", "inputs"))


def check_shapes(evidence: Evidence) -> Iterator[Finding]:
    """The shape of a sample, as the spec states it or its steps make it, is what the model takes."""
    shapes = {name: _shapes(spec) for name, spec in evidence.spec.inputs.items()}
    ports = evidence.ports
    if not any(shapes.values()):
        raise NotApplicable("the spec states no shape")
    for name, spec in evidence.spec.inputs.items():
        tensor = ports[name].tensor
        if spec.kind == "audio" and explain_shape(name, spec, tensor) is not None:
            continue  # the check `audio-features` says more
        for shape in shapes[name]:
            if run_shape(tensor, shape) is None:
                yield Finding.of(_shape_rule(name, shape, spec, tensor), input_subject(name))
                break


def shapes_fit(evidence: Evidence) -> bool:
    """Whether the model takes every shape that the spec states or makes."""
    for name, spec in evidence.spec.inputs.items():
        tensor = evidence.ports[name].tensor
        if spec.kind == "audio" and explain_shape(name, spec, tensor) is not None:
            return False
        if any(run_shape(tensor, shape) is None for shape in _shapes(spec)):
            return False
    return True


def check_dynamic(evidence: Evidence) -> Iterator[Finding]:
    """Every open size but that of the batch is settled by the spec."""
    open_ports = {
        name: port for name, port in evidence.ports.items() if -1 in port.tensor.shape_signature[1:]
    }
    for name, port in open_ports.items():
        if not _shapes(evidence.spec.inputs[name]):
            signature = list(port.tensor.shape_signature)
            yield Finding.of(DynamicShapeUnresolved(name, signature), input_subject(name))


def check_order(evidence: Evidence) -> Iterator[Finding]:
    """Inputs, and outputs, of one shape are listed in one order."""
    contract = evidence.contract
    if contract.signature is None:
        return  # there is one order only, that of the file
    for names, shape in _mixed_up(contract.inputs):
        rule = IoOrderSwapped(by_position=names, by_name=sorted(names), shape=shape)
        yield Finding.of(rule, Subject("model", "inputs"))
    for names, shape in _mixed_up(contract.outputs):
        other = OutputOrderChanged(by_position=names, by_name=sorted(names), shape=shape)
        yield Finding.of(other, Subject("model", "outputs"))


def _shapes(spec: InputSpec) -> list[tuple[int, ...]]:
    """The shapes of a sample that the spec knows: the stated one, and that which its steps make."""
    pixels = pixel_map(spec)
    made = None if pixels is None else pixels.shape
    known = [spec.shape, final_shape(spec) if spec.kind == "audio" else made]
    return [shape for shape in known if shape is not None]


def _mixed_up(ports: Sequence[Port]) -> Iterator[tuple[list[str], list[int]]]:
    """The first names of equal shape and type that are not in alphabetical order, if any."""
    groups: dict[tuple[tuple[int, ...], str], list[str]] = {}
    for port in ports:
        groups.setdefault((port.tensor.shape, port.tensor.dtype), []).append(port.name)
    for (shape, _), names in groups.items():
        if names != sorted(names):
            yield names, list(shape)
            return


def check_dtypes(evidence: Evidence) -> Iterator[Finding]:
    """Real values can be given to the input tensor: it is float, quantized, or whole numbers."""
    fractional = {}
    if evidence.comparison is not None:
        fractional = {entry.name: entry.fractional for entry in evidence.comparison.inputs}
    for name, port in evidence.ports.items():
        detail = _unfeedable(port.tensor)
        if not detail and (part := _fractions(evidence.spec.inputs[name], port.tensor)):
            detail = f"it has no scale, so it takes whole numbers, but the steps make {part}"
        if not detail and fractional.get(name, 0):
            detail = (
                f"it has no scale, so it takes whole numbers, but {fractional[name]} "
                "preprocessed values are fractions"
            )
        if detail:
            rule = InputDtypeMismatch(input=name, dtype=port.tensor.dtype, detail=detail)
            yield Finding.of(rule, input_subject(name))


def _fractions(spec: InputSpec, tensor: Tensor) -> str:
    """What steps make of pixels, where it is no whole number and should be one; empty where it is.

    Black pictures, and those of pure colours, hide it from who only looks at values.
    """
    is_whole = tensor.dtype.startswith(("int", "uint")) and tensor.quantization is None
    made = lines(spec.steps) if is_whole and decodes_bytes(spec) else None
    if made is None or any(isinstance(step, Cast) for step in spec.steps):
        return ""
    parts = [each[0] + each[1] for each in made if not all(map(_is_whole, each))]
    return f"{number(parts[0])} of a pixel of 1" if parts else ""


def _is_whole(value: float) -> bool:
    """Up to the digits that a factor such as 0.0039216 is written with."""
    return abs(value - round(value)) <= _WRITTEN


def _unfeedable(tensor: Tensor) -> str:
    """Why no real value can be given to a tensor; empty where it can."""
    if tensor.dtype not in REAL_DTYPES:
        return "edgecheck can only give it numbers"
    params = tensor.quantization
    if params is not None and params.scales and not params.is_usable:
        return f"its scale is {params.scales[0]:g}, which is no scale"
    return ""


def _shape_rule(name: str, shape: tuple[int, ...], spec: InputSpec, tensor: Tensor) -> Rule:
    """The most telling rule for two shapes that differ."""
    spec_shape = list(shape)
    stored = list(tensor.shape_signature)
    inner = stored[1:]
    if len(stored) != len(spec_shape) + 1 or stored[0] not in (1, -1):
        return InputRankOrBatchMissing(input=name, spec_shape=spec_shape, model_shape=stored)
    if len(inner) == len(spec_shape) == 3 and inner in (
        [spec_shape[2], spec_shape[0], spec_shape[1]],
        [spec_shape[1], spec_shape[2], spec_shape[0]],
    ):
        return LayoutNchwNhwc(input=name, spec_shape=spec_shape, model_shape=stored)
    axis, sizes = (0, slice(1, 3)) if spec.layout == "NCHW" else (2, slice(0, 2))
    if len(inner) == 3 and inner[sizes] == spec_shape[sizes]:
        return ChannelCountMismatch(name, spec_shape[axis], inner[axis])
    return InputShapeMismatch(input=name, spec_shape=spec_shape, model_shape=stored)
