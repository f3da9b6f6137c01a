"""Inputs of the spec against inputs of the model: names, shapes, types."""

from collections.abc import Iterator

from edgecheck.checks.evidence import Evidence, NotApplicable, input_subject
from edgecheck.compare.binding import run_shape
from edgecheck.findings import Finding, Subject
from edgecheck.rules.base import Rule
from edgecheck.rules.input.channel_count_mismatch import ChannelCountMismatch
from edgecheck.rules.input.input_count_mismatch import InputCountMismatch
from edgecheck.rules.input.input_dtype_mismatch import InputDtypeMismatch
from edgecheck.rules.input.input_rank_or_batch_missing import InputRankOrBatchMissing
from edgecheck.rules.input.input_shape_mismatch import InputShapeMismatch
from edgecheck.rules.input.layout_nchw_nhwc import LayoutNchwNhwc
from edgecheck.spec.model import InputSpec
from edgecheck.tensors import REAL_DTYPES
from edgecheck.tflite.graph import Tensor


def check_names(evidence: Evidence) -> Iterator[Finding]:
    """Every input of the spec has one of the model, and the other way round."""
    if evidence.bound is None:
        names = [port.name for port in evidence.contract.inputs]
        rule = InputCountMismatch(spec_inputs=list(evidence.spec.inputs), model_inputs=names)
        yield Finding.of(rule, Subject("model", "inputs"))


def check_shapes(evidence: Evidence) -> Iterator[Finding]:
    """The shape of a sample, as the spec states it, is what the input tensor takes."""
    inputs, ports = evidence.spec.inputs, evidence.ports
    if all(spec.shape is None for spec in inputs.values()):
        raise NotApplicable("the spec states no shape")
    for name, spec in inputs.items():
        tensor = ports[name].tensor
        if spec.shape is not None and run_shape(tensor, spec.shape) is None:
            yield Finding.of(_shape_rule(name, spec, tensor), input_subject(name))


def check_dtypes(evidence: Evidence) -> Iterator[Finding]:
    """Real values can be given to the input tensor: it is float, quantized, or whole numbers."""
    fractional = {}
    if evidence.comparison is not None:
        fractional = {entry.name: entry.fractional for entry in evidence.comparison.inputs}
    for name, port in evidence.ports.items():
        detail = _unfeedable(port.tensor)
        if not detail and fractional.get(name, 0):
            detail = (
                f"it has no scale, so it takes whole numbers, but {fractional[name]} "
                "preprocessed values are fractions"
            )
        if detail:
            rule = InputDtypeMismatch(input=name, dtype=port.tensor.dtype, detail=detail)
            yield Finding.of(rule, input_subject(name))


def _unfeedable(tensor: Tensor) -> str:
    """Why no real value can be given to a tensor; empty where it can."""
    if tensor.dtype not in REAL_DTYPES:
        return "edgecheck can only give it numbers"
    params = tensor.quantization
    if params is not None and params.scales and not params.is_usable:
        return f"its scale is {params.scales[0]:g}, which is no scale"
    return ""


def _shape_rule(name: str, spec: InputSpec, tensor: Tensor) -> Rule:
    """The most telling rule for two shapes that differ."""
    spec_shape = list(spec.shape or ())
    stored = list(tensor.shape_signature or tensor.shape)
    inner = stored[1:]
    if len(stored) != len(spec_shape) + 1 or stored[0] not in (1, -1):
        return InputRankOrBatchMissing(input=name, spec_shape=spec_shape, model_shape=stored)
    if len(inner) == 3 and inner in (
        [spec_shape[2], spec_shape[0], spec_shape[1]],
        [spec_shape[1], spec_shape[2], spec_shape[0]],
    ):
        return LayoutNchwNhwc(input=name, spec_shape=spec_shape, model_shape=stored)
    axis, sizes = (0, slice(1, 3)) if spec.layout == "NCHW" else (2, slice(0, 2))
    if len(inner) == 3 and inner[sizes] == spec_shape[sizes]:
        return ChannelCountMismatch(name, spec_shape[axis], inner[axis])
    return InputShapeMismatch(input=name, spec_shape=spec_shape, model_shape=stored)
