import numpy as np
import pytest
from evidence import tensor

from edgecheck.compare.binding import OutputPair
from edgecheck.compare.watching import Group, WatchedOutput, primary_of, require_group_fits, watched
from edgecheck.errors import UsageError
from edgecheck.quantization import QuantParams
from edgecheck.spec.model import Spec
from edgecheck.tflite.graph import Contract, Model, Operator, Port, Subgraph


def spec_of(task, outputs=None, inputs=None):
    inputs = inputs or {"x": {"kind": "array", "shape": (4,)}}
    parts = {"version": 1, "model": {"task": task}, "inputs": inputs, "outputs": outputs or {}}
    return Spec.model_validate(parts)


def model_of(tensors, operators=()):
    indices = tuple(range(len(tensors)))
    graph = Subgraph(0, "", tuple(tensors), tuple(operators), (), indices)
    return Model("", 0, 3, "", (graph,), (), (), None, ())


def plans(task, shapes, outputs=None, operators=(), inputs=None):
    """The outputs y0, y1, ... of these shapes, as they are watched."""
    tensors = [
        tensor(index, shape=shape, dtype="float32", quantization=None)
        for index, shape in enumerate(shapes)
    ]
    ports = tuple(Port(f"y{index}", entry) for index, entry in enumerate(tensors))
    contract = Contract((), ports, 0, None, has_state=False)
    pairs = [OutputPair(port, port) for port in ports]
    return watched(spec_of(task, outputs, inputs), pairs, model_of(tensors, operators), contract)


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        ("classification", "classes"),
        ("regression", "values"),
        ("segmentation", "pixels"),
        ("embedding", "vectors"),
        ("autoencoder", "reconstruction"),
        ("detection", "raw"),
        ("other", "raw"),
    ],
)
def test_the_task_decides_what_an_output_holds(task, kind):
    (plan,) = plans(task, [(1, 4)])
    assert plan.kind == kind
    assert plan.names_classes is (task == "classification")


def test_of_several_outputs_only_those_that_name_classes_have_classes():
    shapes = [(1, 3), (1, 4), (1, 5)]
    assert [p.kind for p in plans("classification", shapes)] == ["classes", "raw", "raw"]
    outputs = {"y1": {"activation": "softmax"}, "y2": {"activation": "none"}}
    found = plans("classification", shapes, outputs)
    assert [p.kind for p in found] == ["raw", "classes", "raw"]
    assert [p.is_primary for p in found] == [False, True, False]
    declared = {**outputs, "y2": {"primary": True, "activation": "none"}}
    found = plans("classification", shapes, declared)
    assert [p.kind for p in found] == ["raw", "classes", "classes"]
    assert [p.is_primary for p in found] == [False, False, True]


def test_without_outputs_none_is_primary():
    assert primary_of(spec_of("other"), []) == ""


def test_a_reconstruction_is_of_the_input_of_its_size():
    inputs = {"a": {"kind": "array", "shape": (4,)}, "b": {"kind": "array", "shape": (6,)}}
    (plan,) = plans("autoencoder", [(1, 6)], inputs=inputs)
    assert plan.source == "b"
    inputs["a"]["shape"] = (6,)
    (plan,) = plans("autoencoder", [(1, 6)], inputs=inputs)
    assert (plan.kind, plan.source) == ("raw", None)


def test_groups_take_the_place_of_their_output():
    groups = {"boxes": (0, 4), "scores": (4, 6)}
    found = plans("detection", [(1, 6, 9)], {"y0": {"groups": groups, "axis": 1}})
    assert [plan.name for plan in found] == ["y0/boxes", "y0/scores"]
    values = np.arange(2 * 6 * 9).reshape(2, 1, 6, 9)
    assert (found[0].take(values) == values[:, :, :4]).all()
    assert (found[1].take(values) == values[:, :, 4:]).all()
    assert all(plan.has_channels for plan in found)


@pytest.mark.parametrize(
    ("shape", "axis"), [((1, 84, 8400), -2), ((1, 8400, 84), -1), ((1, 6), -1)]
)
def test_channels_of_a_detector_run_along_the_shorter_axis(shape, axis):
    assert plans("detection", [shape])[0].axis == axis


def test_of_postprocessed_detections_only_the_sorted_scores_are_followed():
    operator = Operator(0, "TFLite_Detection_PostProcess", 1, (), (0, 1, 2, 3), is_custom=True)
    (plan,) = plans("detection", [(1, 5, 4), (1, 5), (1, 5), (1,)], operators=[operator])
    assert (plan.candidate, plan.kind, plan.has_channels) == ("y2", "scores", False)
    assert plan.take(np.array([[0.1, 0.9, 0.5]])).tolist() == [[0.9, 0.5, 0.1]]


def test_the_step_of_a_float_output_is_that_of_the_codes_before_it():
    codes = tensor(0, shape=(1, 3), quantization=QuantParams((0.5,), (0,)))
    reals = tensor(1, shape=(1, 3), dtype="float32", quantization=None)
    operator = Operator(0, "DEQUANTIZE", 2, (0,), (1,), is_custom=False)
    pairs = [OutputPair(Port("y", reals), None)]
    contract = Contract((), (pairs[0].candidate,), 0, None, has_state=False)
    (plan,) = watched(spec_of("detection"), pairs, model_of([codes, reals], [operator]), contract)
    assert (plan.scale, plan.step) == (None, 0.5)


@pytest.mark.parametrize(
    ("axis", "end", "fits"),
    [(-1, 9, True), (-1, 10, False), (1, 6, True), (1, 7, False), (0, 1, False), (3, 1, False),
     (-3, 1, False)],
)  # fmt: skip
def test_groups_must_lie_inside_the_output(axis, end, fits):
    plan = WatchedOutput(
        "y", None, None, None, is_primary=True, group=Group("g", 0, end), axis=axis
    )
    if fits:
        require_group_fits(plan, (1, 6, 9))
        return
    with pytest.raises(UsageError, match=r"outputs\.y\..*\[1, 6, 9\]"):
        require_group_fits(plan, (1, 6, 9))
