import math

import numpy as np
import pytest
from models import OpDef, TensorDef, build_model
from walking import setup_of

from edgecheck.compare.signal import _Shares, listen

ROWS = np.random.default_rng(0).normal(0, 1, (70, 3)).astype(np.float32)
FIRST = np.random.default_rng(1).normal(0, 1, (6, 3)).astype(np.float32)
BIAS = np.array([0, -100, 0.5, -100, 0, 40], np.float32)
SECOND = np.random.default_rng(2).normal(0, 1, (4, 6)).astype(np.float32)


def model():
    """row -> 6 ReLU (two of them dead) -> tanh of them -> 4 scores -> softmax."""
    tensors = [
        TensorDef("x", (1, 3)),
        TensorDef("first", (6, 3), data=FIRST),
        TensorDef("bias", (6,), data=BIAS),
        TensorDef("units", (1, 6)),
        TensorDef("bent", (1, 6)),
        TensorDef("second", (4, 6), data=SECOND),
        TensorDef("none", (4,), data=np.zeros(4)),
        TensorDef("scores", (1, 4)),
        TensorDef("output", (1, 4)),
    ]
    operators = [
        OpDef("FULLY_CONNECTED", [0, 1, 2], [3], options={"FusedActivationFunction": 1}),
        OpDef("TANH", [3], [4]),
        OpDef("FULLY_CONNECTED", [4, 5, 6], [7]),
        OpDef("SOFTMAX", [7], [8], options={"Beta": 1.0}),
    ]
    return build_model(tensors, operators, [0], [8])


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    path = tmp_path_factory.mktemp("signal") / "model.tflite"
    path.write_bytes(model())
    setup = setup_of(path, ROWS)[0]
    return listen(setup, setup.candidate, "candidate")


def slow_deviation(values):
    """Root of the mean variance over samples by the root of the mean square, one element at a time."""
    variances = [np.var(column.astype(np.float64)) for column in values.T]
    squares = [np.mean(column.astype(np.float64) ** 2) for column in values.T]
    return float(np.sqrt(np.mean(variances) / np.mean(squares)))


def test_each_layer_is_what_numpy_says(heard):
    units = np.maximum(ROWS @ FIRST.T + BIAS, 0)
    bent = np.tanh(units)
    scores = bent @ SECOND.T
    found = {layer.name: layer for layer in heard.layers}
    expected = {"x": ROWS, "units": units, "bent": bent, "scores": scores}
    for name, values in expected.items():
        assert found[name].deviation == pytest.approx(slow_deviation(values), rel=1e-4)
    assert (heard.who, heard.samples) == ("candidate", 70)
    assert [layer.index for layer in heard.layers] == [-1, 0, 1, 2, 3]


def test_dead_units_and_rails_are_counted(heard):
    found = {layer.name: layer for layer in heard.layers}
    assert (found["units"].dead, found["units"].units) == (2, 6)
    bent = np.tanh(np.maximum(ROWS @ FIRST.T + BIAS, 0))
    assert found["bent"].railed == pytest.approx((np.abs(bent) > 0.995).mean(), abs=0.005)
    assert found["units"].railed is None


def test_mean_probabilities_are_those_of_the_output(heard):
    scores = np.tanh(np.maximum(ROWS @ FIRST.T + BIAS, 0)) @ SECOND.T
    powers = np.exp(scores)
    means = (powers / powers.sum(axis=1, keepdims=True)).mean(axis=0)
    last = heard.layers[-1]
    assert last.is_output
    assert heard.layers[-2].decides
    assert last.probabilities == pytest.approx(means, abs=1e-5)


def test_a_column_that_shows_late_that_it_holds_logits_is_read_as_logits_throughout(tmp_path):
    # The first look like probabilities; the last do not, and are far below what exp takes.
    column = np.concatenate([np.full(200, 0.5), np.full(56, -800.0)]).astype(np.float32)
    tensors = [TensorDef("x", (1, 1)), TensorDef("output", (1, 1))]
    path = tmp_path / "one.tflite"
    path.write_bytes(build_model(tensors, [OpDef("NEG", [0], [1])], [0], [1]))
    setup = setup_of(path, -column[:, None])[0]
    last = listen(setup, setup.candidate, "candidate").layers[-1]
    one = np.mean([1 / (1 + math.exp(-value)) if value > -700 else 0.0 for value in column])
    assert last.probabilities == pytest.approx((1 - one, one), abs=1e-6)


def test_pages_of_a_column_are_summed_before_it_is_known_what_they_hold():
    shares = _Shares(1)
    for page in ([0.2, 0.4], [0.9]):
        shares.add(np.array(page, np.float32)[:, None])
    assert shares.means() == pytest.approx((0.5, 0.5))
    shares.add(np.array([[3.0]], np.float32))
    logits = np.mean([1 / (1 + math.exp(-value)) for value in (0.2, 0.4, 0.9, 3.0)])
    assert shares.means() == pytest.approx((1 - logits, logits))


def test_samples_with_values_that_are_not_finite_are_left_out(tmp_path, heard):
    spoiled = np.full((3, 3), 0.5, np.float32)
    spoiled[0, 1], spoiled[1, 0], spoiled[2, 2] = np.nan, np.inf, -np.inf
    (tmp_path / "model.tflite").write_bytes(model())
    setup = setup_of(tmp_path / "model.tflite", np.insert(ROWS, [0, 40, 70], spoiled, axis=0))[0]
    found = listen(setup, setup.candidate, "candidate")
    assert (found.samples, found.left_out) == (70, 3)
    assert [layer.dead for layer in found.layers] == [layer.dead for layer in heard.layers]
    both = zip(found.layers, heard.layers, strict=True)
    assert all(one.deviation == pytest.approx(other.deviation, rel=1e-6) for one, other in both)
