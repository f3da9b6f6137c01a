"""Preprocessing inside and outside of models that Keras trained on real digits."""

import shutil
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
import trained
import yaml

from edgecheck import validate
from edgecheck.runs.draft import Options

DIGITS = Path(__file__).parents[2] / "sample_models" / "digits"
pytestmark = pytest.mark.usefixtures("one_process")
SIGNED = {"rescale": {"scale": 1 / 127.5, "offset": -1.0}}

TRAIN = """
import sys
sys.path.insert(0, {support!r})
import numpy as np
from pathlib import Path
from trained import samples
x, y = samples(Path({digits!r}) / "images", Path({digits!r}) / "labels.csv")
pixels = (x + 1) * 127.5
keras.utils.set_random_seed(0)
inner = keras.Sequential([
    keras.Input((8, 8, 1)),
    keras.layers.Conv2D(12, 3, padding="same", use_bias=False),
    keras.layers.BatchNormalization(momentum=0.8, name="norm"),
    keras.layers.ReLU(), keras.layers.MaxPooling2D(2), keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax")])
outer = keras.Sequential([
    keras.Input((8, 8, 1), name="image"), keras.layers.Rescaling(1 / 127.5, -1.0), inner])
outer.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
outer.fit(pixels, y, epochs=12, batch_size=32, verbose=0)
outer.save("outer.keras")
outer.export("outer", verbose=False)
for name, model in (("inner", inner), ("outer", outer)):
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    open(name + ".tflite", "wb").write(converter.convert())
converter = tf.lite.TFLiteConverter.from_keras_model(outer)
converter.optimizations = [tf.lite.Optimize.DEFAULT]
converter.representative_dataset = lambda: ([row[None].astype("f")] for row in pixels[:100])
open("outer_int8.tflite", "wb").write(converter.convert())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    if find_spec("tensorflow") is None:
        pytest.skip("tensorflow trains the models here")
    made = tmp_path_factory.mktemp("causes")
    trained.script(
        made, TRAIN.format(support=str(Path(trained.__file__).parent), digits=str(DIGITS))
    )
    shutil.copytree(DIGITS / "images", made / "images")
    shutil.copy(DIGITS / "labels.csv", made)
    return made


def report(folder, candidate, reference, *steps, **options):
    section = {"kind": "image", "shape": [8, 8, 1], "steps": [{"decode": {"color": "L"}}, *steps]}
    content = {
        "version": 1,
        "model": {"task": "classification", "reference": reference},
        "inputs": {"image": section},
        "dataset": {"path": "images/*.png", "labels": "labels.csv"},
    }
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump(content))
    return validate(path, folder / candidate, replace(Options(), **options))


def witness(found):
    (norm,) = found.batch_norm
    return norm.kl_median


def test_a_model_that_scales_inside_agrees_on_raw_pixels_and_its_norms_know_them(folder):
    found = report(folder, "outer.tflite", "outer.keras", layers="always")
    assert found.verdict == "pass", found.findings
    assert witness(found) < 0.02


@pytest.mark.parametrize("candidate", ["outer.tflite", "outer_int8.tflite"])
def test_scaling_in_the_spec_and_in_the_model_is_named_and_proven(folder, candidate):
    found = report(folder, candidate, "outer.keras", SIGNED)
    cause = found.root_cause
    assert (cause.rule, cause.confidence) == ("input-double-normalized", "proven")
    assert cause.proof.before < 0.3
    assert cause.proof.after > 0.9
    assert "`rescale: {scale: 0.00784313725, offset: -1}`" in cause.fix
    assert witness(found) > 0.1


@pytest.mark.parametrize(
    ("reference", "steps", "fed"),
    [("outer.keras", (), "candidate"), ("outer", (SIGNED,), "reference")],
)
def test_preprocessing_that_stayed_outside_the_export_is_named(folder, reference, steps, fed):
    found = report(folder, "inner.tflite", reference, *steps)
    cause = found.root_cause
    assert (cause.rule, cause.confidence) == ("preprocessing-not-in-exported-graph", "proven")
    assert cause.proof.after > 0.95
    (finding,) = [f for f in found.findings if f.rule == cause.rule]
    assert finding.evidence["fed"] == fed
