"""The schema of reports: valid itself, met by every report, and not met by what is none."""

import copy

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from reports import any_report, failing, inconclusive, passing

from edgecheck.report.json_format import to_dict
from edgecheck.report.schema import report_schema

SCHEMA = report_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def _values(node):
    """Every dict in a JSON document."""
    if isinstance(node, dict):
        yield node
    for entry in node.values() if isinstance(node, dict) else node:
        if isinstance(entry, dict | list):
            yield from _values(entry)


def test_the_schema_is_valid_draft_2020_12():
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


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


def test_no_default_is_left_that_would_promise_a_value():
    assert not [node for node in _values(SCHEMA) if "default" in node]
