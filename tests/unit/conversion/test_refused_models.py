"""Models that Keras and TensorFlow save, and that are refused with their cause."""

import contextlib
from importlib.util import find_spec

import pytest
import trained

from edgecheck.conversion.process import Converter
from edgecheck.conversion.request import ConversionRequest
from edgecheck.errors import ConversionFailed, UnusableError

MAKE = """
layers = keras.layers

def save(name, *middle, **call):
    x = start = keras.Input((4, 4, 1), name="image")
    for layer in middle:
        x = layer(x, **call)
    keras.Model(start, layers.Flatten()(x)).save(name + ".keras")

class Mine(layers.Layer):
    def call(self, x):
        return x * 2.0

    def compute_output_shape(self, shape):
        return shape

save("following", layers.RandomFlip(), layers.BatchNormalization(), layers.Dropout(0.5))
save("dropout", layers.Dropout(0.5, name="drop"), training=True)
save("norm", layers.BatchNormalization(name="norm"), training=True)
save("custom", Mine(name="own"))
save("registered", keras.saving.register_keras_serializable("pack")(Mine)(name="own"))
save("wrapped", layers.TimeDistributed(Mine(name="own")))

class Module(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="jpeg")])
    def decode(self, jpeg):
        return {"y": tf.strings.length(jpeg)}

    @tf.function(input_signature=[tf.RaggedTensorSpec((None, None), tf.float32)])
    def rows(self, rows):
        return {"y": tf.reduce_sum(rows.to_tensor(shape=[1, 16]))}

module = Module()
tf.saved_model.save(module, "strings", signatures=module.decode)
tf.saved_model.save(module, "ragged", signatures=module.rows)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    if find_spec("tensorflow") is None:
        pytest.skip("tensorflow makes the models here")
    made = tmp_path_factory.mktemp("refused")
    trained.script(made, MAKE)
    return made


@pytest.fixture(scope="module")
def converter(folder):
    with contextlib.closing(Converter(folder)) as found:
        yield found


def request_for(folder, name, **options):
    form = "keras" if name.endswith(".keras") else "saved-model"
    shapes = {"image": options.pop("shape", (4, 4, 1))}
    return ConversionRequest(folder / name, form, folder / "out.tflite", shapes=shapes, **options)


def test_layers_that_follow_the_training_argument_are_converted(folder, converter):
    converter.convert(request_for(folder, "following.keras"), 120)
    assert (folder / "out.tflite").stat().st_size > 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("dropout.keras", r"train-mode-export.*Dropout 'drop'$"),
        ("norm.keras", r"train-mode-export.*BatchNormalization 'norm'$"),
        ("strings", r"'jpeg' .* dtype string"),
        ("ragged", r"'rows' .* ragged"),
    ],
)
def test_what_does_not_fit_is_a_failed_conversion_with_its_cause(folder, converter, name, words):
    with pytest.raises(ConversionFailed, match=words) as found:
        converter.convert(request_for(folder, name), 120)
    assert len(found.value.message) < 400


@pytest.mark.parametrize("allow_code", [False, True])
@pytest.mark.parametrize("name", ["custom", "registered", "wrapped"])
def test_a_class_whose_code_is_nowhere_is_named(folder, converter, name, allow_code):
    with pytest.raises(UnusableError, match=r"layer 'own' \(class Mine\)") as found:
        converter.convert(request_for(folder, f"{name}.keras", allow_code=allow_code), 120)
    assert "--allow-code cannot help" in found.value.message
    assert "SavedModel" in found.value.message
    assert len(found.value.message) < 400


def test_another_shape_names_both_and_not_the_batch(folder, converter):
    with pytest.raises(ConversionFailed, match=r"\[4, 4, 1\] for a sample.*says \[5, 5, 1\]") as it:
        converter.convert(request_for(folder, "following.keras", shape=(5, 5, 1)), 120)
    assert "batch" not in it.value.hint
