import numpy as np
import pytest

from edgecheck.compare.layouts import arranged, to_layout
from edgecheck.errors import UnusableError, UsageError
from edgecheck.runtime.trained.description import Description, TrainedPort
from edgecheck.spec.model import Spec


def contract(inputs, outputs):
    ports = [
        tuple(TrainedPort(name, shape, "float32") for name, shape in side.items())
        for side in (inputs, outputs)
    ]
    return Description("onnx", *ports).contract()


def spec(inputs, outputs=None):
    return Spec.model_validate(
        {
            "version": 1,
            "model": {"task": "other"},
            "inputs": {name: {"kind": "array", **entry} for name, entry in inputs.items()},
            "outputs": outputs or {},
        }
    )


CANDIDATE = contract({"x": (1, 6, 8, 3)}, {"y": (1, 3, 4, 5)})


@pytest.mark.parametrize(("layout", "other"), [("NCHW", "NHWC"), ("NHWC", "NCHW")])
def test_the_transpositions_are_those_of_the_letters(layout, other):
    axes = to_layout(layout, 4, "inputs.x")
    assert "".join(other[axis] for axis in axes) == layout
    rows = np.zeros((1, 2, 3, 4)).transpose(axes)
    assert rows[0].shape == np.zeros((2, 3, 4)).transpose(to_layout(layout, 3, "x")).shape


def test_a_stated_layout_is_shown_as_that_of_the_candidate():
    reference = contract({"in": (-1, 3, 6, 8)}, {"y": (-1, 5, 3, 4)})
    stated = spec({"x": {"reference_layout": "NCHW"}}, {"y": {"reference_layout": "NCHW"}})
    shown, found = arranged(reference, CANDIDATE, stated, {"x": (6, 8, 3)})
    assert shown.inputs[0].tensor.shape_signature == (1, 6, 8, 3)
    assert shown.outputs[0].tensor.shape_signature == (-1, 3, 4, 5)
    assert found.inputs == {"x": (0, 3, 1, 2)}
    assert found.outputs == {"y": (0, 2, 3, 1)}


def test_nothing_is_transposed_that_is_not_stated():
    reference = contract({"x": (-1, 6, 8, 3)}, {"y": (-1, 3, 4, 5)})
    same = spec({"x": {"layout": "NHWC", "reference_layout": "NHWC"}})
    for stated in (spec({"x": {}}), same):
        shown, found = arranged(reference, CANDIDATE, stated, {"x": (6, 8, 3)})
        assert (found.inputs, found.outputs) == ({}, {})
        assert shown.outputs == reference.outputs


def test_shapes_that_are_alike_in_both_layouts_are_not_guessed():
    cube = contract({"x": (1, 4, 4, 4)}, {"y": (1, 2)})
    _, found = arranged(cube, cube, spec({"x": {}}), {"x": (4, 4, 4)})
    assert found.inputs == {}


def test_an_input_that_fits_only_transposed_is_asked_for():
    reference = contract({"in": (-1, 3, 6, 8)}, {"y": (-1, 3, 4, 5)})
    with pytest.raises(UnusableError, match=r"takes \[-1, 3, 6, 8\]") as error:
        arranged(reference, CANDIDATE, spec({"x": {}}), {"x": (6, 8, 3)})
    assert "`inputs.x.reference_layout: NCHW`" in error.value.hint


def test_an_output_that_fits_only_transposed_is_asked_for():
    reference = contract({"x": (1, 6, 8, 3)}, {"z": (1, 5, 3, 4)})
    with pytest.raises(UnusableError, match="fit only transposed") as error:
        arranged(reference, CANDIDATE, spec({"x": {}}), {"x": (6, 8, 3)})
    assert "`outputs.y.reference_layout: NCHW`" in error.value.hint


def test_a_layout_that_is_not_so_is_to_be_removed():
    reference = contract({"x": (1, 6, 8, 3)}, {"y": (1, 3, 4, 5)})
    with pytest.raises(UnusableError) as error:
        arranged(reference, CANDIDATE, spec({"x": {"reference_layout": "NCHW"}}), {"x": (6, 8, 3)})
    assert error.value.hint == "remove `inputs.x.reference_layout` from the spec"


def test_a_layout_of_what_is_no_picture_is_a_wrong_spec():
    flat = contract({"x": (1, 7)}, {"y": (1, 2)})
    with pytest.raises(UsageError, match="has 2 axes"):
        arranged(flat, flat, spec({"x": {"reference_layout": "NCHW"}}), {"x": (7,)})


def test_an_output_without_counterpart_cannot_have_a_layout():
    reference = contract({"x": (1, 6, 8, 3)}, {"a": (1, 5, 3, 4), "b": (1, 5, 3, 4)})
    stated = spec({"x": {}}, {"y": {"reference_layout": "NCHW"}})
    with pytest.raises(UsageError, match="unclear") as error:
        arranged(reference, CANDIDATE, stated, {"x": (6, 8, 3)})
    assert "a, b" in error.value.hint


def test_stated_names_bind_and_pair_a_reference():
    reference = contract({"p": (1, 2), "q": (1, 3, 6, 8)}, {"a": (1, 5), "b": (1, 5, 3, 4)})
    inputs = {
        "x": {"reference_name": "q", "reference_layout": "NCHW"},
        "z": {"reference_name": "p"},
    }
    stated = spec(inputs, {"y": {"reference_name": "b", "reference_layout": "NCHW"}})
    shown, found = arranged(reference, CANDIDATE, stated, {"x": (6, 8, 3), "z": (2,)})
    assert found.inputs == {"x": (0, 3, 1, 2)}
    assert (found.outputs, found.names) == ({"b": (0, 2, 3, 1)}, {"y": "b"})
    assert shown.inputs[1].tensor.shape == (1, 6, 8, 3)


def test_a_stated_name_that_a_converter_changed_is_not_insisted_on():
    renamed = contract({"x": (1, 6, 8, 3)}, {"output_0": (1, 3, 4, 5)})
    stated = spec({"x": {}}, {"y": {"reference_name": "dense"}})
    assert arranged(renamed, CANDIDATE, stated, {"x": (6, 8, 3)})[1].names == {}
