import math

import numpy as np
import pytest
from models import OpDef, TensorDef, build_model
from static_findings import file_evidence, found

from edgecheck.checks import initial_weights

UNTRAINED = [("weights-not-loaded", "error")]


def glorot(*shape, fan_in, fan_out, seed=0, gain=1.0):
    limit = gain * math.sqrt(6 / (fan_in + fan_out))
    return np.random.default_rng(seed).uniform(-limit, limit, shape)


def dense(first, second, bias=0.0):
    """Two dense layers; `bias` is the first of the biases, the others are 0."""
    biases = np.zeros(len(first))
    biases[0] = bias
    tensors = [
        TensorDef("x", (1, first.shape[1])),
        TensorDef("first", first.shape, data=first),
        TensorDef("bias", biases.shape, data=biases),
        TensorDef("hidden", (1, len(first))),
        TensorDef("second", second.shape, data=second),
        TensorDef("zeros", (len(second),), data=np.zeros(len(second))),
        TensorDef("y", (1, len(second))),
    ]
    operators = [
        OpDef("FULLY_CONNECTED", [0, 1, 2], [3]),
        OpDef("FULLY_CONNECTED", [3, 4, 5], [6]),
    ]
    return build_model(tensors, operators, [0], [6])


def layers(gain=1.0):
    first = glorot(24, 32, fan_in=32, fan_out=24, seed=1, gain=gain)
    return first, glorot(16, 24, fan_in=24, fan_out=16, seed=2, gain=gain)


def convolutions(scale=1.0):
    """CONV_2D and DEPTHWISE_CONV_2D, int8 per channel, as folded with a fresh BatchNormalization."""
    kernel = scale * glorot(16, 3, 3, 8, fan_in=72, fan_out=144)
    depthwise = scale * glorot(1, 5, 5, 16, fan_in=400, fan_out=25, seed=5)
    tensors = [TensorDef("x", (1, 8, 8, 8), "int8", 0.1)]
    operators = []
    for name, values, dim in (("CONV_2D", kernel, 0), ("DEPTHWISE_CONV_2D", depthwise, 3)):
        axes = tuple(axis for axis in range(4) if axis != dim)
        scales = np.abs(values).max(axis=axes) / 127
        codes = np.rint(values / np.expand_dims(scales, axes)).astype(np.int8)
        first = len(tensors)
        tensors += [
            TensorDef(f"k{dim}", values.shape, "int8", scales, 0, data=codes, dim=dim),
            TensorDef(f"b{dim}", (16,), "int32", scales * 0.1, 0, data=np.zeros(16)),
            TensorDef(f"y{dim}", (1, 8, 8, 16), "int8", 0.1),
        ]
        options = {"StrideW": 1, "StrideH": 1}
        options |= {"DepthMultiplier": 1} if dim == 3 else {}
        operators.append(OpDef(name, [first - 1, first, first + 1], [first + 2], 3, options))
    return build_model(tensors, operators, [0], [len(tensors) - 1])


def test_fresh_dense_layers_are_an_error():
    (finding,) = initial_weights.check(file_evidence(dense(*layers())))
    assert finding.evidence == {
        "layers": 2,
        "weights": 24 * 32 + 16 * 24,
        "initializers": ["glorot_uniform"],
        "zero_layers": [],
    }


@pytest.mark.parametrize("scale", [1.0, 1 / math.sqrt(1.001)])
def test_fresh_int8_convolutions_are_an_error(scale):
    assert found(initial_weights.check, convolutions(scale)) == UNTRAINED


@pytest.mark.parametrize("seed", range(4))
def test_small_layers_tell_together(seed):
    first = glorot(30, 8, fan_in=8, fan_out=30, seed=seed)
    second = glorot(7, 30, fan_in=30, fan_out=7, seed=seed + 50)
    assert found(initial_weights.check, dense(first, second)) == UNTRAINED
    assert initial_weights.layers_as_drawn(file_evidence(dense(first, second))) == 2
    noise = [0.1 * np.random.default_rng(seed).normal(size=w.shape) for w in (first, second)]
    assert found(initial_weights.check, dense(first + noise[0], second + noise[1])) == []


def test_small_layers_of_trained_weights_are_not_as_drawn():
    random = np.random.default_rng(9)
    normal = [0.3 * random.normal(size=shape) for shape in ((30, 8), (7, 30))]
    assert initial_weights.layers_as_drawn(file_evidence(dense(*normal))) == 0


def test_zeros_behind_which_a_bias_was_learned_are_not_those_of_a_new_model():
    assert found(initial_weights.check, dense(np.zeros((24, 32)), layers()[1], bias=-100.0)) == []


def test_he_initializer_is_known():
    random = np.random.default_rng(3)
    limits = [math.sqrt(6 / 32), math.sqrt(6 / 24)]
    drawn = [random.uniform(-x, x, s) for x, s in zip(limits, [(24, 32), (16, 24)], strict=True)]
    (finding,) = initial_weights.check(file_evidence(dense(*drawn)))
    assert finding.evidence["initializers"] == ["he_uniform"]


@pytest.mark.parametrize(
    "weights",
    [
        layers(gain=0.9),
        layers(gain=1.05),
        (layers()[0], 0.1 * np.random.default_rng(0).normal(size=(16, 24))),
        (layers()[0] + 0.02 * np.random.default_rng(0).normal(size=(24, 32)), layers()[1]),
        (layers()[0], np.full((16, 24), np.nan)),
        (glorot(24, 12, fan_in=12, fan_out=24), glorot(4, 24, fan_in=24, fan_out=4)),  # too few
        (layers()[0], 1.2 * glorot(4, 24, fan_in=24, fan_out=4)),
    ],
)
def test_weights_that_training_moved_have_no_finding(weights):
    assert found(initial_weights.check, dense(*weights)) == []


def test_one_bias_shows_training():
    assert found(initial_weights.check, dense(*layers(), bias=1e-6)) == []


def _fresh(keras, kind):
    make = keras.layers
    if kind == "dense":
        hidden = [make.Dense(32, activation="relu"), make.Dense(32, activation="relu")]
        return keras.Sequential([keras.Input((20,)), *hidden, make.Dense(10, "softmax")])
    normal = [make.BatchNormalization()] if kind == "batch-norm" else []
    body = [make.Conv2D(16, 3, use_bias=not normal), *normal, make.ReLU()]
    body += [make.SeparableConv2D(24, 3), make.GlobalAveragePooling2D(), make.Dense(10, "softmax")]
    return keras.Sequential([keras.Input((12, 12, 3)), *body])


@pytest.mark.parametrize("kind", ["dense", "conv", "batch-norm"])
@pytest.mark.parametrize("scheme", ["none", "int8"])
@pytest.mark.filterwarnings("ignore:Statistics for quantized inputs:UserWarning")
def test_models_that_keras_just_made_are_an_error(kind, scheme):
    tf = pytest.importorskip("tensorflow", reason="tensorflow converts the model here")
    tf.keras.utils.set_random_seed(0)
    model = _fresh(tf.keras, kind)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if scheme == "int8":
        shape = (1, *model.input_shape[1:])
        random = np.random.default_rng(0)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: (
            [random.uniform(-1, 1, shape).astype(np.float32)] for _ in range(4)
        )
    assert found(initial_weights.check, converter.convert()) == UNTRAINED


def test_a_model_that_keras_trained_has_no_finding():
    tf = pytest.importorskip("tensorflow", reason="tensorflow converts the model here")
    tf.keras.utils.set_random_seed(0)
    model = _fresh(tf.keras, "dense")
    model.compile("sgd", "sparse_categorical_crossentropy")
    random = np.random.default_rng(0)
    rows, labels = random.normal(size=(64, 20)), random.integers(0, 10, 64)
    model.fit(rows.astype(np.float32), labels, epochs=1, verbose=0)
    converted = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    assert found(initial_weights.check, converted) == []


@pytest.mark.parametrize(
    ("zero", "expected"),
    [((), []), ((1,), [("weights-not-loaded", "warning")]), ((0, 1), UNTRAINED)],
)
def test_layers_of_zeros_are_named(zero, expected):
    weights = [np.zeros_like(w) if n in zero else w for n, w in enumerate(layers())]
    given = file_evidence(dense(*weights, bias=1.0))
    findings = list(initial_weights.check(given))
    assert [(finding.rule, finding.severity) for finding in findings] == expected
    for finding in findings:
        assert finding.evidence["zero_layers"] == [f"FULLY_CONNECTED {n}" for n in zero]


def test_codes_at_the_zero_point_are_zeros():
    tensors = [
        TensorDef("x", (1, 4), "uint8", 0.1, 128),
        TensorDef("w", (3, 4), "uint8", 0.1, 7, data=np.full((3, 4), 7)),
        TensorDef("y", (1, 3), "uint8", 0.1, 128),
    ]
    data = build_model(tensors, [OpDef("FULLY_CONNECTED", [0, 1], [2])], [0], [2])
    assert found(initial_weights.check, data) == UNTRAINED


def orthogonal(units, seed=0):
    """As Keras draws a recurrent kernel, output first: its columns are of norm 1 and at right angles."""
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(4 * units, units)))[0]


def recurrent(kernel, bias, step=None):
    """A step of an LSTM: the input's kernel with a bias, the recurrent one without."""
    units = kernel.shape[1]
    first = glorot(4 * units, 8, fan_in=8, fan_out=4 * units)
    stored = bias if step is None else np.rint(bias / step).astype(np.int32)
    held = {} if step is None else {"dtype": "int32", "scale": step, "zero_point": 0}
    tensors = [
        TensorDef("x", (1, 8)),
        TensorDef("kernel", first.shape, data=first),
        TensorDef("bias", bias.shape, data=stored, **held),
        TensorDef("gates", (1, 4 * units)),
        TensorDef("state", (1, units)),
        TensorDef("recurrent", kernel.shape, data=kernel),
        TensorDef("y", (1, 4 * units)),
    ]
    operators = [
        OpDef("FULLY_CONNECTED", [0, 1, 2], [3]),
        OpDef("FULLY_CONNECTED", [4, 5], [6]),
    ]
    return build_model(tensors, operators, [0, 4], [3, 6])


FORGET = np.repeat([0.0, 1.0, 0.0, 0.0], 12)


@pytest.mark.parametrize("step", [None, 1e-5])
def test_a_fresh_lstm_is_an_error(step):
    data = recurrent(orthogonal(12), FORGET, step)
    (finding,) = initial_weights.check(file_evidence(data))
    assert finding.evidence["initializers"] == ["glorot_uniform", "orthogonal"]
    assert initial_weights.layers_as_drawn(file_evidence(data)) == 2


@pytest.mark.parametrize(
    ("kernel", "bias"),
    [
        (orthogonal(12), np.repeat([0.0, 1.0, 0.1, 0.0], 12)),
        (orthogonal(12), np.repeat([0.0, 1.05, 0.0, 0.0], 12)),
        (1.1 * orthogonal(12), FORGET),
        (orthogonal(12) + 0.02 * np.random.default_rng(0).normal(size=(48, 12)), FORGET),
    ],
)
def test_an_lstm_that_training_moved_has_no_finding(kernel, bias):
    assert found(initial_weights.check, recurrent(kernel, bias)) == []


def test_rotations_are_orthogonal_and_not_new():
    """Principal components, say, of which an autoencoder may consist."""
    directions = np.linalg.qr(np.random.default_rng(0).normal(size=(24, 12)))[0]
    case = file_evidence(dense(directions.T, directions, bias=0.0))
    assert list(initial_weights.check(case)) == []
    assert initial_weights.layers_as_drawn(case) == 0


def test_an_lstm_that_was_hardly_trained_is_nearly_as_drawn():
    noise = np.random.default_rng(0).normal(size=(48, 12))
    for size, layers_there in ((0.002, 2), (0.2, 0)):
        data = recurrent(orthogonal(12) + size * noise, FORGET + 0.01)
        assert initial_weights.layers_as_drawn(file_evidence(data)) == layers_there
