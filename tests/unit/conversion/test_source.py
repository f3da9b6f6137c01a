"""What the spec says about the source of a conversion."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from edgecheck.conversion.calibration_rows import rows_for
from edgecheck.conversion.source import request_of
from edgecheck.conversion.unconvertible import Unconvertible
from edgecheck.spec.load import load_spec


def asked(folder, form="saved-model", *, signature=None, reference_signature=None, **image):
    model = {"task": "other"}
    if reference_signature is not None:
        model["reference_signature"] = reference_signature
    entry = {"kind": "image", "shape": [8, 6, 3], "layout": "NHWC", "steps": ["decode"], **image}
    content = {"version": 1, "model": model, "inputs": {"image": entry}}
    if signature is not None:
        content["signature"] = signature
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump(content))
    return request_of(load_spec(path).spec, Path("m"), form, Path("o"), allow_code=False)


@pytest.mark.parametrize("form", ["saved-model", "tflite"])
def test_the_signature_is_that_of_the_source_and_the_file_has_its_own(tmp_path, form):
    both = asked(tmp_path, form, signature="run", reference_signature="classify")
    assert (both.signature, both.named) == ("classify", "run")
    assert (asked(tmp_path, form, signature="run").signature) == "run"
    other = asked(tmp_path, form, reference_signature="classify")
    assert (other.signature, other.named) == ("classify", None)


@pytest.mark.parametrize("form", ["keras", "onnx"])
def test_what_has_no_signatures_is_asked_for_none(tmp_path, form):
    found = asked(tmp_path, form, signature="run", reference_signature="classify")
    assert (found.signature, found.named) == (None, "run")


def test_names_are_those_that_the_spec_states(tmp_path):
    assert asked(tmp_path).names == {}
    assert asked(tmp_path, reference_name="input_1").names == {"image": "input_1"}


@pytest.mark.parametrize(
    ("form", "layout", "shape"),
    [
        ("keras", "NHWC", (8, 6, 3)),
        ("keras", "NCHW", None),
        ("onnx", "NCHW", (8, 6, 3)),  # what converts it puts channels last
    ],
)
def test_a_shape_in_another_layout_is_left_to_the_source(tmp_path, form, layout, shape):
    assert asked(tmp_path, form, reference_layout=layout).shapes == {"image": shape}


@pytest.mark.parametrize("wanted", [(1, 3, 8, 6), (1, 8, 6, 1), (1, 144)])
def test_samples_of_another_shape_are_refused_before_the_first(tmp_path, wanted):
    np.save(tmp_path / "s.npy", np.zeros((2, 8, 6, 3), np.float32))
    with pytest.raises(Unconvertible, match=r"samples of shape \[8, 6, 3\], input 'x' takes"):
        rows_for({"x": (wanted, np.dtype("float32"))}, {"x": tmp_path / "s.npy"})


def test_each_row_is_one_sample_of_every_input(tmp_path):
    left, right = np.arange(6.0).reshape(3, 2), np.arange(3.0).reshape(3, 1)
    for name, values in (("l", left), ("r", right)):
        np.save(tmp_path / f"{name}.npy", values.astype(np.float32))
    taken = {"a": ((1, 2), np.dtype("int32")), "b": ((1, 1, 1), np.dtype("float32"))}
    rows = list(rows_for(taken, {"a": tmp_path / "l.npy", "b": tmp_path / "r.npy"}))
    assert [row["a"].tolist() for row in rows] == [[[0, 1]], [[2, 3]], [[4, 5]]]
    assert [row["b"].shape for row in rows] == [(1, 1, 1)] * 3
    assert {row["a"].dtype.name for row in rows} == {"int32"}
