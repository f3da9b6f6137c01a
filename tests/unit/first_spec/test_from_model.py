import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from metadata_writer import Said, metadata, with_files
from models import OpDef, TensorDef, build_model

from edgecheck.errors import UnusableError, UsageError
from edgecheck.first_spec.from_model import MOST_LABELS
from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.spec.load import parse_spec
from edgecheck.tflite.names import printable

INT8 = {"dtype": "int8"}
SCALED = {
    (0, 255): {**INT8, "scale": 1.0, "zero_point": -128},
    (0, 1): {**INT8, "scale": 1 / 255, "zero_point": -128},
    (-1, 1): {**INT8, "scale": 1 / 127.5, "zero_point": -1},
    (-0.5, 0.5): {"dtype": "uint8", "scale": 1 / 255, "zero_point": 128},
    (-128, 127): {**INT8, "scale": 1.0, "zero_point": 0},
    (-2.118, 2.64): {**INT8, "scale": 4.758 / 255, "zero_point": -14},
    (-123.7, 151.1): {"dtype": "uint8", "scale": 274.741 / 255, "zero_point": 115},
}


def only(spec):
    (entry,) = spec.inputs.values()
    return entry


def shown(entry, pixels, encode):
    """What the steps make of an image file, without the batch axis."""
    return Pipeline("image", entry)((encode(pixels),), ["a.png"])[0]


@pytest.mark.parametrize("expected", SCALED, ids=str)
def test_the_scaling_of_pixels_is_recognised_by_the_calibrated_range(
    model_of, draft, png, expected
):
    text, spec = draft(model_of((1, 16, 16, 3), **SCALED[expected]))
    entry = only(spec)
    assert "guessed: scale and zero point" in text
    assert "TODO: that range is only what the calibration of this file saw" in text
    np.testing.assert_allclose(entry.range, expected, atol=0.06)
    black, white = (shown(entry, np.full((20, 30, 3), v, np.uint8), png) for v in (0, 255))
    assert black.min() == pytest.approx(entry.range[0], abs=0.06)
    assert white.max() == pytest.approx(entry.range[1], abs=0.06)


def test_a_range_of_no_usual_scaling_stays_open(model_of, draft):
    text, spec = draft(model_of((1, 16, 16, 3), dtype="int8", scale=0.031, zero_point=5))
    assert only(spec).range is None
    assert [step.key for step in only(spec).steps] == ["decode", "resize"]
    assert "# range: [-4.123, 3.782]" in text
    assert re.search(r"# TODO: .*\n.*# - rescale:", text)


def test_a_float_input_without_any_hint_leaves_the_scaling_open(model_of, draft):
    text, spec = draft(model_of((1, 16, 16, 3)))
    assert only(spec).range is None
    assert "# - rescale" in text


def test_normalisation_in_the_graph_means_raw_pixels(draft):
    tensors = [
        TensorDef("x", (1, 16, 16, 3)),
        TensorDef("k", (1,), data=np.array([1 / 127.5], np.float32)),
        TensorDef("scaled", (1, 16, 16, 3)),
        TensorDef("one", (1,), data=np.array([1], np.float32)),
        TensorDef("shifted", (1, 16, 16, 3)),
        TensorDef("y", (1, 3)),
    ]
    operators = [OpDef("MUL", [0, 1], [2]), OpDef("SUB", [2, 3], [4]), OpDef("SOFTMAX", [4], [5])]
    data = build_model(tensors, operators, [0], [5])
    text, spec = draft(data)
    assert only(spec).range == (0, 255)
    assert "guessed: the graph itself scales it further (MUL, SUB)" in text
    twice, _ = draft(data, source="keras/mobilenet_v2")
    assert "nothing is\n    # normalised twice" in twice


def test_a_range_that_the_graph_itself_goes_on_to_scale_needs_no_second_look(draft):
    tensors = [
        TensorDef("input", (1, 8, 8, 3), "int8", scale=1.0, zero_point=-128),
        TensorDef("k", (1,), data=np.array([1 / 127.5], np.float32)),
        TensorDef("m", (1, 8, 8, 3)),
        TensorDef("b", (1,), data=np.array([-1.0], np.float32)),
        TensorDef("y", (1, 8, 8, 3)),
        TensorDef("real", (1, 8, 8, 3)),
    ]
    operators = [
        OpDef("DEQUANTIZE", [0], [5]), OpDef("MUL", [5, 1], [2]), OpDef("ADD", [2, 3], [4]),
    ]  # fmt: skip
    text, spec = draft(build_model(tensors, operators, [0], [4]), task="other")
    assert only(spec).range == (0, 255)
    assert "calibration of this file" not in text


def test_uint8_without_a_scale_takes_raw_pixels(model_of, draft):
    text, spec = draft(model_of((1, 16, 16, 3), dtype="uint8"))
    assert only(spec).range == (0, 255)
    assert "uint8, without a scale" in text


def test_metadata_wins_over_the_scale_and_a_contradiction_is_named(model_of, draft):
    said = {"TFLITE_METADATA": metadata([Said("in", [127.5], [127.5], "RGB")])}
    text, spec = draft(model_of((1, 16, 16, 3), metadata=said, **SCALED[0, 1]))
    assert only(spec).range == (-1, 1)
    assert only(spec).steps[-1].mean == 127.5
    assert "TODO: the steps make -1 to 1, but scale and zero point" in text
    same, _ = draft(model_of((1, 16, 16, 3), metadata=said, **SCALED[-1, 1]))
    assert "the steps make" not in same


@pytest.mark.parametrize(
    ("mean", "std"), [([0], [0]), ([0], [-1]), ([np.nan], [1]), ([1, 2], [1, 2, 3])]
)
def test_metadata_that_cannot_be_are_left_out(model_of, draft, mean, std):
    said = {"TFLITE_METADATA": metadata([Said("in", mean, std)])}
    text, spec = draft(model_of((1, 16, 16, 3), metadata=said))
    assert [step.key for step in only(spec).steps] == ["decode", "resize"]
    assert "# - rescale" in text


def test_packed_labels_become_the_class_names(model_of, draft):
    names = ["cat", "no", '"- a: b #', "1", ""]
    said = {"TFLITE_METADATA": metadata([Said()], [Said(labels=["labels.txt"])])}
    data = model_of((1, 4), (1, 6), "FULLY_CONNECTED", metadata=said)
    _, spec = draft(with_files(data, {"labels.txt": "\n".join([*names, "dog"])}))
    assert spec.model.task == "classification"
    assert spec.model.labels == (*names, "dog")
    many = "\n".join(f"c{number}" for number in range(MOST_LABELS + 1))
    text, spec = draft(with_files(data, {"labels.txt": many}))
    assert spec.model.labels is None
    assert f"{MOST_LABELS + 1} class names are packed" in text


@pytest.mark.parametrize(
    ("shape", "kind", "steps"),
    [
        ((1, 28, 28), "image", ["decode", "resize", "reshape"]),
        ((1, 3, 32, 48), "image", ["decode", "resize", "transpose"]),
        ((1, 49, 10, 1), "array", []),
        ((1, 96, 64), "array", []),
        ((1, 30), "array", []),
        ((1, 16000), "audio", ["trim-or-pad"]),
        ((1, 16000, 1), "audio", ["trim-or-pad", "reshape"]),
        ((1, 2, 2, 3), "array", []),
        ((1, 20000, 20000, 3), "array", []),
    ],
)
def test_the_kind_of_a_sample_is_guessed_by_shape(model_of, draft, shape, kind, steps):
    _, spec = draft(model_of(shape))
    entry = only(spec)
    assert (entry.kind, entry.shape) == (kind, shape[1:])
    assert [step.key for step in entry.steps] == steps


def test_channels_first_are_fed_channels_first(model_of, draft, png):
    _, spec = draft(model_of((1, 3, 16, 24), **SCALED[0, 1]))
    pixels = np.random.default_rng(0).integers(0, 256, (16, 24, 3), np.uint8)
    assert only(spec).layout == "NCHW"
    np.testing.assert_allclose(
        shown(only(spec), pixels, png), pixels.transpose(2, 0, 1) / 255, atol=1e-6
    )


@pytest.mark.parametrize(
    ("shape", "output", "operator", "name", "task"),
    [
        ((1, 8), (1, 3), "SOFTMAX", "y", "classification"),
        ((1, 16, 16, 3), (1, 16, 16, 4), "SOFTMAX", "y", "segmentation"),
        ((1, 16, 16, 3), (1, 16, 16), "ARG_MAX", "y", "segmentation"),
        ((1, 8), (1, 64), "L2_NORMALIZATION", "y", "embedding"),
        ((1, 640), (1, 640), "FULLY_CONNECTED", "y", "autoencoder"),
        ((1, 8), (1, 1), "FULLY_CONNECTED", "y", "regression"),
        ((1, 8), (1, 3), "FULLY_CONNECTED", "dense/Logits:0", "classification"),
        ((1, 8), (1, 3), "FULLY_CONNECTED", "embedding", "embedding"),
        ((1, 8), (1, 3), "TFLite_Detection_PostProcess", "y", "detection"),
    ],
)
def test_the_task_is_guessed_where_the_file_tells(
    model_of, draft, shape, output, operator, name, task
):
    text, spec = draft(model_of(shape, output, operator, output_name=name))
    assert spec.model.task == task
    assert f"task: {task}  # guessed: " in text


@pytest.mark.parametrize(
    ("output", "operator"), [((1, 3), "FULLY_CONNECTED"), ((1, 1), "LOGISTIC"), ((-1, -1), "ADD")]
)
def test_a_task_that_the_file_leaves_open_is_asked_for(model_of, draft, output, operator):
    data = model_of((1, 8), output, operator)
    with pytest.raises(UsageError, match="does not tell what the model is for") as caught:
        draft(data)
    assert "--task" in caught.value.hint
    _, spec = draft(data, task="regression")
    assert spec.model.task == "regression"


def test_an_unknown_task_is_refused_with_the_nearest(model_of, draft):
    with pytest.raises(UsageError, match="did you mean 'regression'"):
        draft(model_of((1, 8)), task="regresion")


def test_a_model_without_inputs_or_with_too_many_is_refused(draft):
    tensors = [TensorDef(f"x{i}", (1, 2)) for i in range(66)]
    operators = [OpDef("PACK", list(range(65)), [65])]
    for inputs in ([], list(range(65))):
        with pytest.raises(UnusableError, match=f"has {len(inputs)} inputs"):
            draft(build_model(tensors, operators, inputs, [65]), task="other")


def test_an_open_shape_is_left_to_the_user(model_of, draft):
    text, spec = draft(model_of((1, 8, 8, 3), shape_signature=(-1, -1, -1, 3)))
    assert only(spec).shape is None
    assert "TODO: the file leaves the shape open" in text


@given(
    names=st.lists(st.text(min_size=1, max_size=12), min_size=2, max_size=3),
    shape=st.sampled_from([(1, 8), (1, 16, 16, 3), (1, 16000), (1, 49, 10, 1), (3, 0), ()]),
    dtype=st.sampled_from(["float32", "int8", "uint8", "int16", "int32", "string", "bool"]),
    scale=st.none() | st.floats(width=32),
    zero_point=st.integers(-(2**63), 2**63 - 1),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_a_file_says_the_spec_is_valid_and_has_its_names(
    draft, names, shape, dtype, scale, zero_point
):
    tensors = [TensorDef(name, shape, dtype, scale, zero_point) for name in names]
    output = TensorDef("y", (1, 3))
    operators = [OpDef("CONCATENATION", list(range(len(names))), [len(names)])]
    data = build_model([*tensors, output], operators, list(range(len(names))), [len(names)])
    _, spec = draft(data, task="other")
    assert len(spec.inputs) == len(names)
    written = [printable(name) for name in names]
    assert set(written) <= set(spec.inputs)


@pytest.mark.parametrize("shape", [(1, 16, 16, 3), (1, 16000), (1, 30)])
def test_the_examples_in_comments_are_valid_too(model_of, draft, shape):
    text, _ = draft(model_of(shape, **SCALED[-1, 1]))
    live = re.sub(
        r"(?m)^( *)# (?=(dataset:|  \w+: |labels:|reference:|range:|steps:|- \w+:))", r"\1", text
    )
    spec = parse_spec(live.encode(), Path("m.yaml")).spec
    assert spec.dataset is not None
    assert spec.model.reference == "model_float.tflite"
    assert spec.model.labels == "labels.txt"
    assert only(spec).range is not None
