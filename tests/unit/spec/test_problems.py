import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgecheck.errors import SpecError

START = "version: 1\nmodel: {task: other}\n"
INPUT = "inputs: {x: {kind: array}}\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("model: {task: other}\n" + INPUT, "1:1: : missing key 'version'"),
        ("version: 2\nmodel: {task: other}\n" + INPUT, "1:10: version: found 2, expected 1"),
        ("version: '1'\nmodel: {task: other}\n" + INPUT, "1:10: version: found '1', expected 1"),
        ("version: true\nmodel: {task: other}\n" + INPUT, "1:10: version: found true, expected 1"),
        ("version: 1.0\nmodel: {task: other}\n" + INPUT, "1:10: version: found 1.0, expected 1"),
        ("version: 1\nmodel:\n" + INPUT, "2:7: model: found nothing, expected a mapping of keys to values"),
        ("version: 1\nmodel: {}\n" + INPUT, "2:1: model: missing key 'task'"),
        ("version: 1\nmodel: {task: other, reference: 3}\n" + INPUT, "2:33: model.reference: found 3, expected text; put it in quotes"),
        ("version: 1\nmodel: {task: other, labels: []}\n" + INPUT, "2:30: model.labels: found a list of 0, expected at least 1"),
        ("version: 1\nmodel: {task: other, labels: {}}\n" + INPUT, "2:30: model.labels: found a mapping, expected text, or a list of them"),
        ("version: 1\nmodel: {task: other, labels: [a, 1]}\n" + INPUT, "2:34: model.labels[1]: found 1, expected text; put it in quotes"),
        (START + "inputs: {}\n", "3:9: inputs: found a mapping, expected at least 1"),
        (START + "inputs: [a]\n", "3:9: inputs: found a list of 1, expected a mapping of keys to values"),
        (START + "inputs: {steps: {kind: array, foo: 1}}\n", "3:31: inputs.steps.foo: unknown key 'foo' (allowed: kind, shape, layout, reference_layout, reference_name, sample_rate, range, steps)"),
        (START + "inputs: {'a b': {}}\n", "3:10: inputs['a b']: missing key 'kind'"),
        (START + "inputs: {x: {kind: array, range: [1, 1]}}\n", "3:34: inputs.x.range: found [1, 1], expected [lowest, highest]"),
        (START + "inputs: {x: {kind: array, range: [1]}}\n", "3:34: inputs.x.range: found a list of 1, expected exactly 2"),
        (START + "inputs: {x: {kind: array, range: [.nan, 1]}}\n", "3:35: inputs.x.range[0]: found .nan, expected a finite number"),
        (START + "inputs: {x: {kind: array, shape: [1.0]}}\n", "3:35: inputs.x.shape[0]: found 1.0, expected a whole number"),
        (START + "inputs: {x: {kind: array, shape: [yes]}}\n", "3:35: inputs.x.shape[0]: found 'yes', expected a whole number"),
        (START + "inputs: {x: {kind: image, steps: [{decode: {color: BGR}}]}}\n", "3:52: inputs.x.steps[0].decode.color: found 'BGR', expected one of RGB, RGBA, L; decode to RGB, and add the step `channel-order: BGR` behind it"),
        (START + INPUT + "dataset: {path: ''}\n", "4:17: dataset.path: found '', expected text that is not blank"),
        (START + INPUT + "dataset: {path: a, seed: -1}\n", "4:26: dataset.seed: found -1, expected at least 0"),
        (START + INPUT + "target: {runtime: tflite}\n", "4:19: target.runtime: found 'tflite', expected litert, tflite-runtime, tensorflow or tflm, alone or as tflite-runtime==2.14.0"),
        (START + INPUT + "tolerances: {agreement: 1.01}\n", "4:25: tolerances.agreement: found 1.01, expected at most 1.0"),
        (START + INPUT + "tolerances: {sqnr_db: 1e999}\n", "4:23: tolerances.sqnr_db: found 1e999, expected a number that fits in 64 bits"),
        (START + INPUT + "ignore: [{rule: a, reason: ' '}]\n", "4:28: ignore[0].reason: found ' ', expected text that is not blank"),
        (START + INPUT + "outputs: {a: {primary: 1}}\n", "4:24: outputs.a.primary: found 1, expected true or false"),
        (START + INPUT + "outputs: {a: {primary: true}, b: {primary: true}}\n", "4:44: outputs.b.primary: only one output can be primary, and 'a' is already"),
        (START + INPUT + "<<: {state: reset}\n", "4:1: ['<<']: unknown key '<<' (allowed: version, "),
        (START + INPUT + "state: reset\nstate: reset\n", "5:1: state: key 'state' is given twice, first on line 4"),
        (START + INPUT + "'state': reset\nsignature: a\n'state': x\n", "6:1: state: key 'state' is given twice, first on line 4"),
    ],
)  # fmt: skip
def test_problem_is_explained_at_its_place(problems, text, problem):
    (found,) = problems(text)
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ("shape: [99999999999999999999]", "35: inputs.x.shape[0]: found a whole number of 20 dig"),
        ('layout: "\\uD800"', "35: inputs.x.layout: found the character U+D800"),
        ("layout: *nchw", "35: : aliases are not allowed"),
    ],
)
def test_a_value_that_yaml_already_refuses_is_reported_once(problems, fields, problem):
    (found,) = problems(f"{START}inputs: {{x: {{kind: array, {fields}}}}}\n")
    assert found.startswith("3:" + problem)


def test_long_and_unprintable_words_are_shortened(problems):
    (found,) = problems(START + INPUT + f"{'k' * 900}\u202e: 1\n")
    assert len(found) < 1200  # the path holds the shortened key too
    assert "k" * 70 not in found
    assert "\u202e" not in found


YAML_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=5,
)


def _places(value):
    """All (container, key) pairs in a nested value."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield value, key
        if isinstance(item, (dict, list)):
            yield from _places(item)


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_change_of_a_spec_loads_or_is_explained_in_plain_words(load, full_values, data):
    spec = full_values()
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(list(_places(spec))))
        if isinstance(container, dict) and data.draw(st.booleans()):
            key = data.draw(st.text(max_size=6))
        container[key] = data.draw(YAML_VALUES)
    text = json.dumps(spec, indent=1).replace("NaN", ".nan").replace("Infinity", ".inf")
    try:
        load(text)
    except SpecError as error:
        lines = text.split("\n")
        for problem in error.problems:
            assert 1 <= problem.line <= len(lines)
            assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
            assert not re.search(
                r"pydantic|[Ii]nput should|http|Value error|tuple|dict|another value|one-or-list",
                re.sub("'[^']*'", "", problem.message),  # without what the file itself says
            )
