"""The schema of reports: valid itself, met by every report, and not met by what is none."""

import copy

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from reports import (
    any_conversion,
    any_repair,
    any_report,
    conversion,
    declined,
    failing,
    inconclusive,
    passing,
    repaired,
    stopped,
)

from edgecheck.report.json_format import to_dict
from edgecheck.report.schema import conversion_schema, repair_schema, report_schema

SCHEMA = report_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
REPAIR_SCHEMA = repair_schema()
REPAIR_VALIDATOR = jsonschema.Draft202012Validator(REPAIR_SCHEMA)
CONVERSION_SCHEMA = conversion_schema()
CONVERSION_VALIDATOR = jsonschema.Draft202012Validator(CONVERSION_SCHEMA)


def _values(node):
    """Every dict in a JSON document."""
    if isinstance(node, dict):
        yield node
    for entry in node.values() if isinstance(node, dict) else node:
        if isinstance(entry, dict | list):
            yield from _values(entry)


@pytest.mark.parametrize("schema", [SCHEMA, REPAIR_SCHEMA, CONVERSION_SCHEMA])
def test_the_schema_is_valid_draft_2020_12(schema):
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_report)
def test_any_report_conforms(report):
    VALIDATOR.validate(to_dict(report))


@pytest.mark.parametrize("make", [passing, failing, inconclusive])
def test_every_ending_conforms(make):
    VALIDATOR.validate(to_dict(make()))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verdict",), "maybe"),
        (("exit_code",), "1"),
        (("outputs", 0, "sqnr_db"), "infinite"),
        (("outputs", 0, "sqnr_db"), None),
        (("metrics",), None),
        (("findings", 0, "severity"), "fatal"),
        (("findings", 0, "subject"), {"kind": "planet", "name": "x"}),
        (("checks", 0, "status"), "ok"),
        (("causes", 0, "explains"), "abc"),
    ],
)
def test_what_is_no_report_is_refused(path, value):
    report = copy.deepcopy(to_dict(failing()))
    node = report
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    assert not VALIDATOR.is_valid(report)


@pytest.mark.parametrize("field", ["verdict", "findings", "checks", "root_cause", "exit_code"])
def test_a_promised_field_cannot_be_missing(field):
    report = to_dict(passing())
    del report[field]
    assert not VALIDATOR.is_valid(report)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_repair)
def test_any_repair_conforms(report):
    REPAIR_VALIDATOR.validate(to_dict(report))


@pytest.mark.parametrize("make", [repaired, declined, stopped])
def test_a_repair_is_no_validation_and_the_other_way_round(make):
    REPAIR_VALIDATOR.validate(to_dict(make()))
    assert not VALIDATOR.is_valid(to_dict(make()))
    assert not REPAIR_VALIDATOR.is_valid(to_dict(passing()))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("kind",), "report"),
        (("written",), 1),
        (("before",), None),
        (("before", "verdict"), "maybe"),
        (("scores_db", "min/max"), "high"),
        (("ports", 0, "kind"), "state"),
        (("ports", 0, "after"), {"scale": 0.1}),
    ],
)
def test_what_is_no_repair_is_refused(path, value):
    report = copy.deepcopy(to_dict(repaired()))
    node = report
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    assert not REPAIR_VALIDATOR.is_valid(report)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_conversion)
def test_any_conversion_conforms(report):
    CONVERSION_VALIDATOR.validate(to_dict(report))


def test_a_conversion_is_no_other_report():
    document = to_dict(conversion())
    CONVERSION_VALIDATOR.validate(document)
    assert not VALIDATOR.is_valid(document)
    assert not REPAIR_VALIDATOR.is_valid(document)
    for other in (passing(), repaired()):
        assert not CONVERSION_VALIDATOR.is_valid(to_dict(other))
    for path, value in (("scheme", "int4"), ("written", 1), ("trials", [{"scheme": "none"}])):
        assert not CONVERSION_VALIDATOR.is_valid({**document, path: value})


@pytest.mark.parametrize("schema", [SCHEMA, REPAIR_SCHEMA, CONVERSION_SCHEMA])
def test_no_default_is_left_that_would_promise_a_value(schema):
    assert not [node for node in _values(schema) if "default" in node]
