"""Scales against each other: calibration on zeros, copied codes, fixed outputs, the input."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from edgecheck import thresholds
from edgecheck.checks.evidence import Evidence, input_subject, output_subject
from edgecheck.checks.parity import is_beyond_limits
from edgecheck.findings import Finding, Subject
from edgecheck.quantization import QuantParams, representable_range
from edgecheck.rules.base import Severity
from edgecheck.rules.quantization.calibration_degenerate import CalibrationDegenerate
from edgecheck.rules.quantization.concat_scale_mismatch import ConcatScaleMismatch
from edgecheck.rules.quantization.input_double_quantized import InputDoubleQuantized
from edgecheck.rules.quantization.softmax_output_resolution import SoftmaxOutputResolution
from edgecheck.tensors import integer_range
from edgecheck.tflite.contract import FLOATS, is_quantized
from edgecheck.tflite.flow import consumers, maker, producers
from edgecheck.tflite.graph import Operator, Subgraph, Tensor

FIXED_SCALES = {"SOFTMAX": (1 / 256, 0), "LOGISTIC": (1 / 256, 0), "TANH": (1 / 128, 128)}
"""Operator -> scale of its 8-bit output, and zero point for uint8; for int8 it is 128 less
(TFLite 8-bit quantization specification)."""

COPIES_FIRST = frozenset({
    "AVERAGE_POOL_2D", "BATCH_TO_SPACE_ND", "BROADCAST_TO", "DEPTH_TO_SPACE", "EXPAND_DIMS",
    "GATHER", "GATHER_ND", "MAX_POOL_2D", "MIRROR_PAD", "PAD", "PADV2", "RESHAPE",
    "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "REVERSE_V2", "SLICE", "SPACE_TO_BATCH_ND",
    "SPACE_TO_DEPTH", "SPLIT_V", "SQUEEZE", "STRIDED_SLICE", "TILE", "TRANSPOSE", "UNPACK",
})  # fmt: skip
"""Operators whose kernels take the codes of their first input over and look at no scale."""

COPIES_ALL = frozenset({"CONCATENATION", "PACK"})

Pair = tuple[Operator, Tensor, Tensor]


def check_calibration(evidence: Evidence) -> Iterator[Finding]:
    """Calibration saw something."""
    activations = [
        graph.tensors[index] for graph in evidence.model.subgraphs for index in _calibrated(graph)
    ]
    tiny = [item for item in activations if _scale(item) < thresholds.SCALE_TINY]
    sources = list(_sources(evidence.model.subgraphs[evidence.contract.subgraph]))
    zeros = [item for item in sources if _is_mark(item)]
    severity: Severity = "error" if zeros and len(zeros) == len(sources) else "warning"
    if zeros or len(tiny) > len(activations) / 2:
        first = (zeros or tiny)[0]
        rule = CalibrationDegenerate(first.name, _scale(first), len(tiny), len(activations))
        yield Finding.of(rule, Subject("tensor", first.name), severity=severity)


def check_copies(evidence: Evidence) -> Iterator[Finding]:
    """Operators that copy codes have one scale on both sides, and joined branches keep theirs."""
    pairs = [pair for graph in evidence.model.subgraphs for pair in _copies(graph)]
    joins = [join for graph in evidence.model.subgraphs for join in _joins(graph)]
    differing = [pair for pair in pairs if _differ(pair[1], pair[2])]
    lost = [join for join in joins if _is_lost(join[1], join[2])]
    if differing:
        is_grave = any(_is_misread(pair[1], pair[2]) for pair in differing)
        severity: Severity = "error" if is_grave and is_beyond_limits(evidence) else "warning"
        yield replace(_copy_finding("scales", differing), severity=severity)
    if lost:
        yield _copy_finding("lost-branch", lost)


def check_fixed(evidence: Evidence) -> Iterator[Finding]:
    """8-bit outputs of SOFTMAX, LOGISTIC and TANH have the scale that kernels write, and suffice."""
    found = [item for graph in evidence.model.subgraphs for item in _fixed(graph)]
    wrong = [item for item in found if not _has_fixed_scale(*item)]
    for operator, tensor in wrong[:1]:
        rule = _fixed_rule("scale", operator, tensor)
        yield Finding.of(rule, Subject("tensor", tensor.name), severity="warning")
    yield from _resolutions(evidence)


def check_input(evidence: Evidence) -> Iterator[Finding]:
    """No input goes through two QUANTIZE operators with different ranges."""
    graph = evidence.model.subgraphs[evidence.contract.subgraph]
    readers = consumers(graph)
    for port in evidence.contract.inputs:
        index = port.tensor.index
        if port.tensor.dtype in FLOATS:
            index = _quantized_by_only(readers.get(index, []), index)
        second = _quantized_by_only(readers.get(index, []), index)
        if index < 0 or second < 0:
            continue
        rule = _twice(port.name, graph.tensors[index], graph.tensors[second])
        if rule is not None:
            severity: Severity = "warning" if rule.kept < thresholds.COVERAGE_WARNING else "info"
            yield Finding.of(rule, input_subject(port.name), severity=severity)


def _calibrated(graph: Subgraph) -> Iterator[int]:
    """Quantized activations whose scale is not fixed by their operator, in the order of the file."""
    fixed = {i for op in graph.operators if op.name in FIXED_SCALES for i in op.outputs}
    for tensor in graph.tensors:
        is_activation = not (tensor.is_constant or tensor.is_variable)
        if is_activation and is_quantized(tensor) and tensor.index not in fixed:
            yield tensor.index


def _sources(graph: Subgraph) -> Iterator[Tensor]:
    """Quantized inputs, and what QUANTIZE makes of one; it may stand within the graph, too."""
    computed: set[int] = set()
    for op in graph.operators:
        if op.name != "QUANTIZE" or not computed.isdisjoint(op.inputs):
            computed.update(op.outputs)
    for index in _calibrated(graph):
        if index not in computed:
            yield graph.tensors[index]


def _is_mark(tensor: Tensor) -> bool:
    return abs(_scale(tensor) - thresholds.SCALE_ZEROS) < 0.01 * thresholds.SCALE_ZEROS


def _scale(tensor: Tensor) -> float:
    return tensor.quantization.scales[0] if tensor.quantization is not None else 0.0


def _width(tensor: Tensor) -> float:
    """Of the representable range."""
    low, high = integer_range(tensor.dtype)
    return _scale(tensor) * (high - low)


def _copies(graph: Subgraph) -> Iterator[Pair]:
    """(operator, input, output) where codes are copied."""
    for operator in graph.operators:
        inputs = operator.inputs[:1] if operator.name in COPIES_FIRST else ()
        inputs = operator.inputs[1:2] if operator.name == "SPLIT" else inputs
        outputs = operator.outputs
        if operator.name in COPIES_ALL:
            inputs, outputs = operator.inputs, outputs[:1]
        for source in inputs:
            for target in outputs:
                pair = _codes(graph, operator, source, target)
                # uint8 CONCATENATION brings its inputs to the scale of its output.
                if pair and (operator.name != "CONCATENATION" or pair[2].dtype != "uint8"):
                    yield pair


def _codes(graph: Subgraph, operator: Operator, source: int, target: int) -> Pair | None:
    """The pair, if both are codes of one type with one scale each."""
    if source < 0:
        return None
    pair = graph.tensors[source], graph.tensors[target]
    params = [item.quantization for item in pair if is_quantized(item)]
    is_plain = len(params) == 2 and not any(item and item.is_per_channel for item in params)
    return (operator, *pair) if is_plain and pair[0].dtype == pair[1].dtype else None


def _joins(graph: Subgraph) -> Iterator[Pair]:
    """(CONCATENATION, branch, output); a branch that is converted for it, before that."""
    made_by = producers(graph)
    for operator in graph.operators:
        if operator.name != "CONCATENATION" or not operator.outputs:
            continue
        for index in operator.inputs:
            _, origin = maker(made_by, index, {"QUANTIZE"})
            pair = _codes(graph, operator, origin, operator.outputs[0])
            if pair and not pair[1].is_constant:
                yield pair


def _differ(first: Tensor, second: Tensor) -> bool:
    """The end of the range moves by more than one code."""
    one, two = first.quantization, second.quantization
    if one is None or two is None:
        return False
    moved = abs(one.scales[0] / two.scales[0] - 1) > 1 / 256
    return moved or one.zero_points[0] != two.zero_points[0]


def _is_misread(first: Tensor, second: Tensor) -> bool:
    """Whether codes that are read by the second range are no longer the values of the first.

    Then that is a mistake of the file, whatever little of it reaches the outputs: quantization
    costs nothing here.
    """
    one, two = first.quantization, second.quantization
    if one is None or two is None:
        return False
    was, now = (representable_range(each, first.dtype) for each in (one, two))
    size = max(map(abs, was))
    moved = max(abs(a - b) for a, b in zip(was, now, strict=True))
    return moved > size * 10 ** (-thresholds.LAYER_LOST_DB / 20)


def _is_lost(branch: Tensor, joined: Tensor) -> bool:
    """Whether a joined branch keeps a small share of the range, and few codes by it."""
    share = thresholds.BRANCH_SHARE * _width(joined)
    return _width(branch) < min(share, thresholds.BRANCH_CODES * _scale(joined))


def _copy_finding(kind: Literal["scales", "lost-branch"], pairs: list[Pair]) -> Finding:
    operator, first, second = pairs[0]
    widths = _width(first), _width(second)
    rule = ConcatScaleMismatch(operator.name, kind, first.name, second.name, *widths, len(pairs))
    return Finding.of(rule, Subject("tensor", first.name))


def _fixed(graph: Subgraph) -> Iterator[tuple[Operator, Tensor]]:
    for operator in graph.operators:
        if operator.name in FIXED_SCALES and operator.outputs:
            tensor = graph.tensors[operator.outputs[0]]
            if is_quantized(tensor) and tensor.dtype in {"int8", "uint8"}:
                yield operator, tensor


def _has_fixed_scale(operator: Operator, tensor: Tensor) -> bool:
    """Within the tolerance of the kernels, a thousandth."""
    scale, zero_point = FIXED_SCALES[operator.name]
    wanted = zero_point if tensor.dtype == "uint8" else zero_point - 128
    params = tensor.quantization or QuantParams((), ())
    return abs(params.scales[0] / scale - 1) < 1e-3 and params.zero_points[0] == wanted


def _resolutions(evidence: Evidence) -> Iterator[Finding]:
    """Final probabilities in 8 bits that are too coarse for what the spec says."""
    graph = evidence.model.subgraphs[evidence.contract.subgraph]
    made_by = producers(graph)
    fixed = {tensor.index for _, tensor in _fixed(graph)}
    for port in evidence.contract.outputs:
        operator, index = maker(made_by, port.tensor.index, {"DEQUANTIZE", "QUANTIZE"})
        tensor = graph.tensors[index]
        if operator is None or operator.name == "TANH" or index not in fixed:
            continue
        stated = evidence.spec.outputs.get(port.name)
        threshold = stated.threshold if stated is not None else None
        classes = tensor.shape[-1] if tensor.shape else 1
        if threshold is not None and threshold < 1 / 256:
            rule = _fixed_rule("threshold", operator, tensor)
        elif operator.name == "SOFTMAX" and classes > 256:
            rule = _fixed_rule("classes", operator, tensor)
        else:
            continue
        yield Finding.of(rule, output_subject(port.name))


def _fixed_rule(
    kind: Literal["classes", "threshold", "scale"], operator: Operator, tensor: Tensor
) -> SoftmaxOutputResolution:
    params = tensor.quantization or QuantParams((0.0,), (0,))
    classes = tensor.shape[-1] if tensor.shape else 1
    return SoftmaxOutputResolution(
        tensor.name, operator.name, kind, params.scales[0], params.zero_points[0], classes
    )


def _quantized_by_only(readers: list[Operator], index: int) -> int:
    """What the only reader of a tensor makes of it, if that is a QUANTIZE; else -1."""
    if index < 0 or len(readers) != 1 or readers[0].name != "QUANTIZE":
        return -1
    return readers[0].outputs[0] if readers[0].outputs else -1


def _twice(name: str, first: Tensor, second: Tensor) -> InputDoubleQuantized | None:
    """None where the second range is that of the first."""
    # From 16 bits to 8 is a change of precision that converters make on purpose.
    if not all(is_quantized(item) and item.dtype != "int16" for item in (first, second)):
        return None
    if first.quantization is None or second.quantization is None:
        return None
    one = representable_range(first.quantization, first.dtype)
    two = representable_range(second.quantization, second.dtype)
    width = one[1] - one[0]
    if abs(one[0] - two[0]) + abs(one[1] - two[1]) < thresholds.RANGE_SAME * width:
        return None
    kept = max(0.0, min(one[1], two[1]) - max(one[0], two[0])) / width
    return InputDoubleQuantized(name, list(one), list(two), kept)
