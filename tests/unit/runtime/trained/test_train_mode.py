"""Layers that are wired to training mode; the configurations are shaped as Keras writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.runtime.trained.train_mode import layers_in_training

TRAINING = [{"args": [], "kwargs": {"training": True}}]
OLD_TRAINING = [[["input_1", 0, 0, {"training": True}]]]
FOLLOWING = [{"args": [], "kwargs": {"training": False, "mask": None}}]


def layer(kind, nodes=None, **config):
    name = config.pop("name", kind.lower())
    return {"class_name": kind, "config": {"name": name, **config}, "inbound_nodes": nodes or []}


def model(*layers, **more):
    return {"class_name": "Functional", "config": {"name": "m", "layers": list(layers)}, **more}


@pytest.mark.parametrize("nodes", [TRAINING, OLD_TRAINING])
@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("Dropout", {"rate": 0.2}),
        ("SpatialDropout2D", {"rate": 0.2}),
        ("AlphaDropout", {"rate": 0.2}),
        ("GaussianDropout", {"rate": 0.2}),
        ("GaussianNoise", {"stddev": 0.1}),
        ("BatchNormalization", {}),
        ("LSTM", {"dropout": 0.0, "recurrent_dropout": 0.5}),
        ("MultiHeadAttention", {"dropout": 0.1}),
    ],
)
def test_a_layer_that_is_called_with_training_true_is_named(kind, config, nodes):
    found = list(layers_in_training(model(layer(kind, nodes, **config, name="it"))))
    assert found == [f"{kind} 'it'"]


@pytest.mark.parametrize(
    "each",
    [
        layer("Dropout", FOLLOWING, rate=0.2),
        layer("Dropout", [[["input_1", 0, 0, {}]]], rate=0.2),
        layer("Dropout", TRAINING, rate=0),
        layer("BatchNormalization", TRAINING, trainable=False),
        layer("LSTM", TRAINING, dropout=0.0, recurrent_dropout=0.0),
        layer("Dense", TRAINING),
        layer("RandomFlip", TRAINING),  # Keras 3 writes the default of these
    ],
)
def test_what_behaves_alike_in_training_is_let_through(each):
    assert list(layers_in_training(model(each))) == []


def test_a_nested_model_that_is_called_in_training_names_what_depends_on_it():
    inner = [layer("Conv2D"), layer("BatchNormalization"), layer("RandomFlip"), layer("Dropout")]
    nested = model(*inner, inbound_nodes=TRAINING)
    found = list(layers_in_training(model(nested)))
    assert found == [
        "BatchNormalization 'batchnormalization'",
        "RandomFlip 'randomflip'",
        "Dropout 'dropout'",
    ]
    assert list(layers_in_training(model(model(*inner, inbound_nodes=FOLLOWING)))) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["class_name", "config", "inbound_nodes", "kwargs", "training", "layers", "rate"]
            ),
            inner,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_has_an_answer(config):
    assert all(isinstance(each, str) for each in layers_in_training(config))
