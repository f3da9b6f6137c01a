"""What the file says about its quantization, against what the spec promises."""

import math
from collections.abc import Iterator

from edgecheck import thresholds
from edgecheck.checks.evidence import Evidence
from edgecheck.findings import Finding, Subject
from edgecheck.rules.file.partially_quantized_or_hybrid import PartiallyQuantizedOrHybrid
from edgecheck.rules.quantization.quant_scale_degenerate import QuantScaleDegenerate
from edgecheck.tflite.contract import (
    float_operators,
    float_share,
    quantization_scheme,
    quantized_tensors,
)


def check_scheme(evidence: Evidence) -> Iterator[Finding]:
    """The file is quantized the way the spec promises."""
    promised = evidence.spec.model.quantization
    found = quantization_scheme(evidence.model)
    if promised is not None and found != promised and not _is_too_small(evidence, promised, found):
        left, _ = float_operators(evidence.model)
        rule = PartiallyQuantizedOrHybrid(
            promised=promised,
            found=found,
            float_operators=[f"{name} x{amount}" for name, amount in left.most_common()],
            float_share=float_share(evidence.model),
        )
        yield Finding.of(rule, Subject("model", "quantization"))


def _is_too_small(evidence: Evidence, promised: str, found: str) -> bool:
    """Whether dynamic-range quantization had no weights to shrink: it leaves small ones float."""
    constants = [
        math.prod(tensor.shape)
        for subgraph in evidence.model.subgraphs
        for tensor in subgraph.tensors
        if tensor.is_constant and tensor.dtype == "float32"
    ]
    is_small = max(constants, default=0) < thresholds.HYBRID_WEIGHTS
    return promised == "dynamic-range" and found == "none" and is_small


def check_scales(evidence: Evidence) -> Iterator[Finding]:
    """Every stored scale of an integer activation is a positive finite number."""
    bad = [
        (tensor.name, scale)
        for tensor in quantized_tensors(evidence.model)
        for scale in (tensor.quantization.scales if tensor.quantization else ())
        if not (math.isfinite(scale) and scale > 0)
    ]
    names = list(dict.fromkeys(name for name, _ in bad))
    if bad:
        rule = QuantScaleDegenerate(
            tensor=names[0],
            scale=bad[0][1],
            others=names[1 : thresholds.MOST_NAMED],
            tensors=len(names),
        )
        yield Finding.of(rule, Subject("tensor", names[0]))
