"""The JSON of a report: what it holds, what it leaves out, and that it is JSON at all."""

import dataclasses
import json
import math
from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, given, settings
from reports import any_report, failing, finding, inconclusive, passing

from edgecheck.findings import Finding, Report
from edgecheck.report.json_format import render, to_dict

SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _no_constant(name):
    raise AssertionError(f"{name} is not JSON")


def _expected(value):
    """What JSON should hold, worked out apart from the product's way."""
    if isinstance(value, float):
        return {math.inf: "inf", -math.inf: "-inf"}.get(value, "nan" if value != value else value)  # noqa: PLR0124  (NaN)
    if isinstance(value, dict):
        return {_text(key): _expected(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_expected(entry) for entry in value]
    return _text(value) if isinstance(value, str) else value


def _text(text):
    return "".join(f"\\u{ord(c):04x}" if 0xD800 <= ord(c) < 0xE000 else c for c in text)


def _without_absent(value):
    """`dataclasses.asdict`, with the optional fields that are None taken out."""
    if dataclasses.is_dataclass(value):
        pairs = ((entry, getattr(value, entry.name)) for entry in dataclasses.fields(value))
        return {
            e.name: _without_absent(v) for e, v in pairs if v is not None or e.default is not None
        }
    if isinstance(value, list | tuple):
        return [_without_absent(entry) for entry in value]
    return value


@SLOW
@given(any_report)
def test_every_value_of_any_report_survives(report):
    text = render(report)
    assert text.isascii()
    assert text.endswith("}\n")
    assert json.loads(text, parse_constant=_no_constant) == _expected(_without_absent(report))


@SLOW
@given(any_report)
def test_rendering_is_pure_and_keeps_the_declared_order(report):
    first = render(report)
    assert render(report) == first
    names = [entry.name for entry in dataclasses.fields(Report)]
    assert [name for name in names if name in to_dict(report)] == list(json.loads(first))


def test_a_field_without_a_default_is_null_and_one_with_a_default_is_absent():
    report = to_dict(passing())
    assert report["root_cause"] is None
    assert report["findings"][0]["location"] is None
    assert "error" not in report
    assert "accuracy" not in report["outputs"][0]
    assert report["ignored"] == []
    assert "metrics" not in to_dict(inconclusive())


@pytest.mark.parametrize("number", [0.1, 1e-320, 2**53 + 1, -0.0, 1.7976931348623157e308])
def test_a_number_comes_back_exactly(number):
    report = dataclasses.replace(passing(), findings=(finding(evidence={"x": number}),))
    back = json.loads(render(report))["findings"][0]["evidence"]["x"]
    assert repr(back) == repr(number)


def test_what_json_cannot_express_is_refused_by_name():
    report = dataclasses.replace(failing(), findings=(finding(evidence={"x": {1, 2}}),))
    with pytest.raises(TypeError, match="a set"):
        render(report)


def test_read_only_mappings_are_objects():
    evidence = MappingProxyType({"x": 1})
    made: Finding = finding(evidence=evidence)
    report = dataclasses.replace(passing(), findings=(made,))
    assert json.loads(render(report))["findings"][0]["evidence"] == {"x": 1}
