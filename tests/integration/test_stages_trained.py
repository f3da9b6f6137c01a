"""The chain behind models that TensorFlow trained, which it converts anew on the way."""

from importlib.util import find_spec

import pytest
import yaml
from trained import script

from edgecheck.validation import Options, validate

pytestmark = [
    pytest.mark.usefixtures("one_process"),
    pytest.mark.skipif(
        find_spec("tensorflow") is None, reason="TensorFlow makes, converts and runs the references"
    ),
]

_MAKE = """
import numpy as np
random = np.random.default_rng(0)
keras.utils.set_random_seed(1)
x = random.normal(0, 1, (80, 8, 8, 3)).astype('f')
np.save('x.npy', x)
layers = keras.layers
model = keras.Sequential([
    keras.Input((8, 8, 3), name='image'), layers.Conv2D(8, 3, activation='relu'),
    layers.BatchNormalization(), layers.Flatten(), layers.Dense(5),
])
model.save('model.keras')
model.export('saved')
for name, calibration in (('sound', x[:40]), ('narrow', x[:40] * 0.05)):
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([row[None]] for row in calibration)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    open(name + '.tflite', 'wb').write(converter.convert())
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with the models and their samples."""
    folder = tmp_path_factory.mktemp("trained")
    script(folder, _MAKE)
    return folder


@pytest.mark.parametrize(
    ("reference", "candidate", "expected"),
    [
        ("model.keras", "sound.tflite", []),
        ("saved", "sound.tflite", []),
        ("model.keras", "narrow.tflite", ["activations"]),
    ],
)
def test_the_chain_begins_at_the_trained_model(made, reference, candidate, expected):
    spec = {
        "version": 1,
        "model": {"task": "other", "reference": reference},
        "inputs": {"image": {"kind": "array", "shape": [8, 8, 3]}},
        "dataset": {"path": "x.npy"},
    }
    path = made / f"{reference}-{candidate}.yaml"
    path.write_text(yaml.safe_dump(spec))
    found = validate(path, made / candidate, Options())
    assert found.error is None
    assert [stage.name for stage in found.stages] == [
        "conversion", "weights", "activations", "kernels",
    ]  # fmt: skip
    assert [stage.name for stage in found.stages if stage.is_guilty] == expected
    assert found.stages[0].skipped is None
    assert found.stages[0].step.sqnr_db > 80
    assert "conversion-divergence" not in {finding.rule for finding in found.findings}
