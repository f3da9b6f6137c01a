import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from edgecheck.errors import SpecError
from edgecheck.spec.schema import spec_schema

SMALL = {"version": 1, "model": {"task": "other"}, "inputs": {"x": {"kind": "image"}}}


@pytest.fixture(scope="module")
def validator():
    schema = spec_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def _with_step(step):
    spec = copy.deepcopy(SMALL)
    spec["inputs"]["x"]["steps"] = [step]
    return spec


def test_schema_is_json_of_draft_2020_12():
    schema = json.loads(json.dumps(spec_schema()))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_full_and_small_specs_are_valid(validator, full_values):
    validator.validate(SMALL)
    validator.validate(full_values())


STEPS = (
    "decode", "to-gray", "rescale", "standardize", "minmax", {"standardize": None}, {"decode": {}},
    {"cast": "int8"}, {"preset": "keras/vgg16"}, {"transpose": [1, 0]}, {"channel-order": "RGB"},
    {"resize": {"size": [1, 2]}}, {"resize": {"size": 3}}, {"center-crop": 4},
    {"center-crop": [4, 5]}, {"crop": {"top": 0, "left": 1, "height": 2, "width": 3}},
    {"resize": {"size": [1, 2], "fit": "letterbox", "pad_value": [1, 2, 3]}},
    {"decode": {"color": "L", "depth": 16}}, {"preset": "torchvision/resnet18"}, {"normalize": {"mean": 0, "std": [1, 2.5]}},
    {"mono": "mean"}, {"resample": {"rate": 8000}}, {"trim-or-pad": {"samples": 9}},
    {"peak-normalize": "absolute"}, {"frame": {"length": 9, "step": 4}}, {"reshape": [490]},
    {"stft": {"window": 480, "step": 320}}, {"mfcc": {"coefficients": 10}},
    {"log-mel": {"bins": 40, "low_hz": 20, "high_hz": 4000}},
)  # fmt: skip


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_good_step_is_valid_for_schema_and_loader(validator, load, step):
    validator.validate(_with_step(step))
    load(json.dumps(_with_step(step)))


@pytest.mark.parametrize(
    "step",
    [
        "resize", "cast", "resise", 3, {}, {"cast": "int8", "decode": {}}, {"cast": "float16"},
        {"preset": "keras/none"}, {"resize": {}}, {"resize": {"size": [1]}}, {"resize": None},
        {"resize": {"size": [0, 1]}}, {"resize": {"size": 0}}, {"center-crop": {"size": 4}},
        {"crop": {"top": 0}}, {"decode": {"depth": 12}}, {"resize": {"size": [1, 2], "fit": "pad"}},
        {"resize": {"size": [1, 2], "methd": "area"}},
        {"to-gray": {"a": 1}}, {"normalize": {"mean": [], "std": 1}}, {"transpose": []},
        {"cast": {"dtype": "int8"}}, {"size": [1, 2]},
    ],
    ids=str,
)  # fmt: skip
def test_bad_step_is_invalid_for_schema_and_loader(validator, load, step):
    assert not validator.is_valid(_with_step(step))
    with pytest.raises(SpecError):
        load(json.dumps(_with_step(step)))


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2}, {"versoin": 1}, {"inputs": {}}, {"model": {}}, {"state": "flow"},
        {"target": {"runtime": "tflite"}}, {"dataset": {"path": " "}}, {"ignore": [{"rule": "a"}]},
        {"tolerances": {"agreement": 2}}, {"outputs": {"a": {"activation": "relu"}}},
        {"dataset": {"path": "a", "limit": 0}},
    ],
    ids=str,
)  # fmt: skip
def test_bad_part_is_invalid_for_schema_and_loader(validator, load, change):
    assert not validator.is_valid({**SMALL, **change})
    with pytest.raises(SpecError):
        load(json.dumps({**SMALL, **change}))


def _properties(schema):
    """Every property that stands anywhere in a schema, with its name."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {}).items()
        for value in schema.values():
            yield from _properties(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _properties(value)


def test_every_key_is_described():
    """A step's own key is described one level up, with the step."""
    schema = spec_schema()
    steps = {step if isinstance(step, str) else next(iter(step)) for step in STEPS}
    assert all(part.get("description") for part in schema["$defs"].values())
    names = {name for name, part in _properties(schema) if "description" not in part}
    assert names <= steps
    assert {"size", "mean", "sqnr_db", "reason"} <= {name for name, _ in _properties(schema)}


WORDS = st.sampled_from(["image", "array", "NHWC", "reset", "a", " ", "keras/vgg16", "int8", ""])
VALUES = st.none() | st.booleans() | st.integers(-2, 3) | st.floats(-2, 2) | WORDS


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_what_the_loader_accepts_the_schema_accepts(validator, load, full_values, data):
    spec = full_values()
    part = spec
    while isinstance(part, (dict, list)) and part:
        container = part
        key = data.draw(
            st.sampled_from(sorted(part) if isinstance(part, dict) else range(len(part)))
        )
        part = container[key]
        if data.draw(st.integers(0, 3)) == 0:
            break
    container[key] = data.draw(VALUES | st.lists(VALUES, max_size=3))
    try:
        load(json.dumps(spec))
    except SpecError:
        return
    validator.validate(spec)
