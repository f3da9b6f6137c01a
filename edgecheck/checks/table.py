"""All checks, in the order in which they are reported: file, contract, data, outputs, parity."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from edgecheck.checks import (
    calibration,
    collapse,
    input_contract,
    inputs,
    labels,
    parity,
    quantization,
)
from edgecheck.checks.evidence import Evidence
from edgecheck.findings import Finding


@dataclass(frozen=True)
class Check:
    """One procedure. A static one needs no runtime and no sample, and says more with them."""

    name: str
    run: Callable[[Evidence], Iterator[Finding]]
    is_static: bool


CHECKS: Final = (
    Check("input-names", input_contract.check_names, is_static=True),
    Check("input-shapes", input_contract.check_shapes, is_static=True),
    Check("input-dtypes", input_contract.check_dtypes, is_static=True),
    Check("quantization-scheme", quantization.check_scheme, is_static=True),
    Check("quantization-scales", quantization.check_scales, is_static=True),
    Check("calibration-range", calibration.check, is_static=True),
    Check("label-count", labels.check_count, is_static=True),
    Check("input-finite", inputs.check_finite, is_static=False),
    Check("input-range", inputs.check_range, is_static=False),
    Check("input-variation", inputs.check_variation, is_static=False),
    Check("label-balance", labels.check_balance, is_static=False),
    Check("reference-accuracy", labels.check_reference, is_static=False),
    Check("output-finite", collapse.check_finite, is_static=False),
    Check("output-zero", collapse.check_zero, is_static=False),
    Check("output-constant", collapse.check_constant, is_static=False),
    Check("output-classes", collapse.check_classes, is_static=False),
    Check("output-distinct", collapse.check_distinct, is_static=False),
    Check("input-sensitivity", collapse.check_sensitivity, is_static=False),
    Check("parity", parity.check, is_static=False),
)
