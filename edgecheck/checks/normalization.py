"""Normalisation that is part of the graph, against the one in the spec."""

from collections.abc import Iterator
from dataclasses import replace

from edgecheck import thresholds
from edgecheck.checks import folded_scaling
from edgecheck.checks.calibration import Range, Source, expected_range, fit, symmetric
from edgecheck.checks.evidence import Evidence, input_subject
from edgecheck.checks.labels import reference_is_lost, reference_works
from edgecheck.checks.lost_steps import are_alike
from edgecheck.checks.parity import parity_holds
from edgecheck.checks.proofs import better_alone, proof_of, widens
from edgecheck.checks.rivals import wider_pixels
from edgecheck.findings import Finding
from edgecheck.preprocess.pixel_alternatives import scaling_steps, written
from edgecheck.preprocess.ranges import pixel_map
from edgecheck.quantization import representable_range
from edgecheck.rules.base import Severity
from edgecheck.rules.input.input_double_normalized import InputDoubleNormalized
from edgecheck.rules.quantization.in_graph_normalization_int8 import InGraphNormalizationInt8
from edgecheck.tensors import integer_range
from edgecheck.tflite.contract import input_fossil, is_quantized
from edgecheck.tflite.graph import Port, Tensor
from edgecheck.tflite.leading import Leading, leading

PIXELS: Range = (0.0, 255.0)
_CHANNELS = frozenset({1, 3, 4})


def check(evidence: Evidence) -> Iterator[Finding]:
    """Pixels are normalised once, and what the graph makes of them can be represented."""
    for name, port in evidence.ports.items():
        yield from _double_in_reference(evidence, name, port)
        found = leading(evidence.data, evidence.model, port) if evidence.data else None
        if found is None or not found.operators:
            fed = _fed(evidence, name)
            is_recorded = fed is not None and _takes(evidence, port, fed[0])
            yield from folded_scaling.check(evidence, name, is_recorded=is_recorded)
            continue
        yield from _double(evidence, name, port, found)
        yield from _lost(evidence, name, port, found)


def normalises_inside(evidence: Evidence, port: Port) -> bool:
    """Whether the graph itself scales an input before anything else."""
    return bool(evidence.data and leading(evidence.data, evidence.model, port).operators)


def _double(evidence: Evidence, name: str, port: Port, found: Leading) -> Iterator[Finding]:
    """The candidate has constants made for 0..255, and is fed with about unit width already."""
    expected = _fed(evidence, name)
    rule = None if expected is None else _doubled(evidence, name, port, found, expected[0])
    if rule is None or expected is None:
        return
    trial = None if evidence.comparison is None else wider_pixels(evidence, name)
    if trial is None and (_takes(evidence, port, expected[0]) or reference_works(evidence)):
        return
    # Dark pictures can look normalised; a promise, steps, or a model that fails leave no doubt.
    is_sure = trial is not None or expected[1] != "data" or reference_is_lost(evidence)
    severity: Severity = "error" if is_sure else "warning"
    proof = None if trial is None else proof_of(trial)
    yield Finding.of(rule, input_subject(name), severity=severity, proof=proof)


def _double_in_reference(evidence: Evidence, name: str, port: Port) -> Iterator[Finding]:
    """The reference has them and the candidate has lost them; the spec does something else."""
    inside, expected = evidence.lost_steps, _fed(evidence, name)
    if inside is None or expected is None or are_alike(expected[0], inside.span(*PIXELS)):
        return  # the spec does on the device what the candidate has lost
    rule = _doubled(evidence, name, port, inside, expected[0])
    trial = better_alone(evidence, name, "reference")
    proof = proof_of(trial) if trial is not None and widens(evidence, trial) else None
    if rule is not None and (proof is not None or reference_is_lost(evidence)):
        yield Finding.of(replace(rule, is_reference=True), input_subject(name), proof=proof)


def _doubled(
    evidence: Evidence, name: str, port: Port, found: Leading, expected: Range
) -> InputDoubleNormalized | None:
    """Constants made for pixels 0..255 that get what is about unit wide already."""
    low, high = expected
    # Channel by channel: offsets that differ would hide how narrow each of them is.
    made = max(map(abs, found.scale)) * (PIXELS[1] - PIXELS[0])
    is_normalisation = thresholds.UNIT_WIDTH[0] <= made <= thresholds.UNIT_WIDTH[1]
    is_wide = PIXELS[1] - PIXELS[0] <= thresholds.SHRINK_ERROR * (high - low)
    if is_wide or not is_normalisation or not _is_image(evidence, name, port.tensor):
        return None
    return InputDoubleNormalized(
        input=name,
        expected=[low, high],
        operators=[operator.name for operator in found.operators],
        shrunk=list(found.span(low, high)),
        raw=list(found.span(*PIXELS)),
        steps=[written(step) for step in scaling_steps(evidence.spec.inputs[name])],
    )


def _fed(evidence: Evidence, name: str) -> tuple[Range, Source] | None:
    """What the spec feeds; unlike for calibration, its steps say more than the samples."""
    expected = expected_range(evidence, name)
    made = pixel_map(evidence.spec.inputs[name])
    if expected is not None and expected[1] == "data" and made is not None:
        return made.span, "steps"
    return expected


def _is_image(evidence: Evidence, name: str, tensor: Tensor) -> bool:
    """Whether the values are pixels: by the spec, or by rank 4 with 1, 3 or 4 channels."""
    kind, shape = evidence.spec.inputs[name].kind, tensor.shape
    has_channels = len(shape) == 4 and bool({shape[-1], shape[1]} & _CHANNELS)
    return kind == "image" or (kind == "array" and has_channels)


def _takes(evidence: Evidence, port: Port, expected: Range) -> bool:
    """Whether calibration saw the spec's range: then it is the one that training fed."""
    stored = representable(input_fossil(evidence.model, port))
    if stored is None:
        return False
    found = fit(stored[0], expected, stored[1])
    return (
        found.coverage >= thresholds.COVERAGE_WARNING
        and found.width_ratio <= thresholds.WIDTH_WARNING
    )


def _lost(evidence: Evidence, name: str, port: Port, found: Leading) -> Iterator[Finding]:
    """The quantized result of the constants holds what they make of the input's range."""
    before = representable(input_fossil(evidence.model, port))
    after = representable(found.result)
    if before is None or after is None or found.result.index == port.tensor.index:
        return
    needed = found.span(*before[0])
    if needed[0] >= needed[1]:
        return
    if found.result.dtype == "int16":
        needed = symmetric(needed)
    coverage = fit(after[0], needed, after[1]).coverage
    if coverage < thresholds.COVERAGE_WARNING and not parity_holds(evidence):
        rule = InGraphNormalizationInt8(
            input=name,
            operators=[operator.name for operator in found.operators],
            representable=list(after[0]),
            needed=list(needed),
            coverage=coverage,
        )
        yield Finding.of(rule, input_subject(name))


def representable(tensor: Tensor | None) -> tuple[Range, int] | None:
    """The representable range of a quantized tensor, and how many codes it has."""
    if tensor is None or tensor.quantization is None or not is_quantized(tensor):
        return None
    low, high = integer_range(tensor.dtype)
    return representable_range(tensor.quantization, tensor.dtype), high - low + 1
