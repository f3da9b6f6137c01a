import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.runtime.trained.keras_config import MOST_BYTES, scan
from edgecheck.runtime.trained.refusal import CodeRefused

DENSE = {
    "module": "keras.layers",
    "class_name": "Dense",
    "config": {"name": "dense", "units": 3, "activation": "relu"},
    "registered_name": None,
}
LAMBDA = {"module": "keras.layers", "class_name": "Lambda", "config": {"name": "sneaky"}}


def model(*layers, **more):
    config = {"name": "model", "layers": list(layers)}
    return json.dumps({"module": "keras", "class_name": "Sequential", "config": config, **more})


def wrapped(layer):
    return {
        "module": "keras.layers",
        "class_name": "TimeDistributed",
        "config": {"name": "outer", "layer": layer},
    }


def function(module, name):
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


@pytest.mark.parametrize(
    "layer",
    [
        DENSE,
        wrapped(DENSE),
        {**DENSE, "module": None},  # Keras 2 wrote no modules
        {**DENSE, "registered_name": "Dense"},
        {**DENSE, "module": "keras.src.engine.functional", "class_name": "Functional"},
        {**DENSE, "module": "keras.src.ops.numpy", "class_name": "Add"},
        {**DENSE, "config": {"name": "Lambda", "activation": function("builtins", "relu")}},
        {**DENSE, "config": {"activation": function("keras.activations", "relu")}},
    ],
)
def test_keras_own_layers_are_let_through(layer):
    scan(model(layer))


@pytest.mark.parametrize("wrap", [lambda x: x, wrapped, lambda x: wrapped(wrapped(x))])
@pytest.mark.parametrize(
    "layer",
    [
        LAMBDA,
        {**LAMBDA, "module": None},
        {**LAMBDA, "class_name": "keras>Lambda"},
        {**LAMBDA, "class_name": "Dense", "registered_name": "builtins>Lambda"},
        {"class_name": "__lambda__", "config": {"value": "4wEAAAA="}},
        {**DENSE, "config": {"activation": {"class_name": "__lambda__", "config": {}}}},
        {**DENSE, "module": "os", "class_name": "system"},
        {**DENSE, "module": "keras_evil.layers"},
        {**DENSE, "module": "my_project.layers", "registered_name": "my>Layer"},
        {**DENSE, "registered_name": "Custom>Layer"},
        {**DENSE, "module": "keras", "class_name": "utils.get_file"},
        {**DENSE, "module": "keras.utils", "class_name": "get_file"},
        {**DENSE, "module": "keras.saving", "class_name": "load_model"},
        {**DENSE, "config": {"activation": function("keras.utils", "get_file")}},
        {**DENSE, "config": {"activation": function("keras.models", "load_model")}},
        {**DENSE, "config": {"activation": function("builtins", "os.system")}},
        {**DENSE, "config": {"activation": function("my_code", "gelu")}},
        {**DENSE, "class_name": "TFSMLayer"},
        {**DENSE, "class_name": "TorchModuleWrapper"},
        {**DENSE, "class_name": "TFOpLambda"},
        {**DENSE, "class_name": ["Lambda"]},
        {**DENSE, "class_name": None, "registered_name": "x"},
        {**DENSE, "module": {"keras": 1}},
        {**DENSE, "module": "os", "class_name": "__typespec__", "spec_name": "system"},
    ],
)
def test_what_would_run_code_is_refused_at_any_depth(layer, wrap):
    with pytest.raises(CodeRefused):
        scan(model(wrap(layer)))


def test_the_reason_names_the_layer():
    with pytest.raises(CodeRefused, match="layer 'sneaky': a Lambda layer holds Python code"):
        scan(model(LAMBDA))


def test_what_it_was_compiled_with_is_not_built_and_not_judged():
    custom = {"module": "my_project", "class_name": "Loss", "registered_name": "my>Loss"}
    scan(model(DENSE, compile_config={"loss": custom}))
    with pytest.raises(CodeRefused, match="my>Loss"):
        scan(model({**DENSE, "compile_config": {"loss": custom}}))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", "{}", "NaN", '{"config": {}}'])
def test_what_is_no_model_is_an_error_of_its_own(text):
    with pytest.raises(ValueError, match="configuration"):
        scan(text)


def test_deep_nesting_and_sheer_size_are_refused():
    with pytest.raises(ValueError, match=r"deeply|JSON"):
        scan('{"class_name": "A", "config": ' + "[" * 200_000 + "]" * 200_000 + "}")
    with pytest.raises(ValueError, match="more than any model"):
        scan(b" " * (MOST_BYTES + 1))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["class_name", "module", "config", "registered_name", "x"]), inner
        )
    ),
    max_leaves=20,
)


@given(JSON, st.lists(st.sampled_from(["config", "layers", "x", "0"]), max_size=4))
def test_a_lambda_is_found_wherever_it_lies(around, path):
    buried = LAMBDA
    for key in path:
        buried = [around, buried] if key == "0" else {key: buried, "y": around}
    with pytest.raises(CodeRefused):
        scan(model(buried))
