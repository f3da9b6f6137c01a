"""Static checks on the bytes of a model, as validation runs them."""

from typing import Any

from edgecheck.checks.evidence import Evidence
from edgecheck.spec.model import Spec
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.reader import read_model


def file_evidence(data: bytes, **sections: Any) -> Evidence:
    """What is known about a file; `sections` are sections of its spec."""
    plain = {"version": 1, "model": {"task": "classification"}, "inputs": {"x": {"kind": "array"}}}
    model = read_model(data)
    spec = Spec.model_validate({**plain, **sections})
    return Evidence(spec, (), model, contract_of(model), None, data=data)


def found(check: Any, data: bytes, **sections: Any) -> list[tuple[str, str]]:
    """(rule, severity) of each finding."""
    return [(f.rule, f.severity) for f in check(file_evidence(data, **sections))]
