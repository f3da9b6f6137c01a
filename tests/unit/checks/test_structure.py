from dataclasses import replace

import numpy as np
import pytest
from models import GraphDef, OpDef, TensorDef, build_file, build_model, float_dense, identity
from static_findings import file_evidence, found

from edgecheck.checks import structure

ERROR = ("train-mode-export", "error")


def head(name, shape, *, signature=None):
    tensors = [TensorDef("x", shape), TensorDef("y", shape, shape_signature=signature)]
    return build_model(tensors, [OpDef(name, [0], [1])], [0], [1])


def test_a_softmax_over_one_value_is_an_error():
    assert found(structure.check_head, head("SOFTMAX", (1, 1))) == [("degenerate-head", "error")]


@pytest.mark.parametrize(
    "data",
    [
        head("SOFTMAX", (1, 2)),
        head("SOFTMAX", (1, 1), signature=(1, -1)),
        head("LOGISTIC", (1, 1)),
        head("RELU", (1, 1)),
        head("SOFTMAX", ()),
    ],
)
def test_heads_that_can_tell_classes_apart_have_no_finding(data):
    assert found(structure.check_head, data) == []


def test_a_single_sigmoid_that_the_spec_calls_a_softmax_is_noted():
    spec = {"outputs": {"y": {"activation": "softmax"}}}
    assert found(structure.check_head, head("LOGISTIC", (1, 1)), **spec) == [
        ("degenerate-head", "info")
    ]


def dropout(*, is_used):
    """x * random -> y, or x alone."""
    tensors = [TensorDef("x", (1, 4)), TensorDef("shape", (2,), "int32", data=np.array([1, 4])),
               TensorDef("r", (1, 4)), TensorDef("y", (1, 4))]  # fmt: skip
    last = OpDef("MUL", [0, 2 if is_used else 0], [3])
    return build_model(tensors, [OpDef("RANDOM_UNIFORM", [1], [2]), last], [0], [3])


def test_random_numbers_in_an_output_are_an_error_unless_the_task_samples():
    assert found(structure.check_random, dropout(is_used=True)) == [ERROR]
    assert found(structure.check_random, dropout(is_used=True), model={"task": "other"}) == [
        ("train-mode-export", "warning")
    ]
    assert found(structure.check_random, dropout(is_used=False)) == []


def normalized(axes, shape=(1, 4, 4, 3)):
    """(x - mean) / root of the variance over `axes`."""
    small = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    names = [("x", shape), ("mean", small), ("square", shape), ("var", small), ("root", small),
             ("y", shape)]  # fmt: skip
    tensors = [TensorDef(name, size) for name, size in names]
    tensors.append(TensorDef("axes", (len(axes),), "int32", data=np.array(axes)))
    operators = [
        OpDef("MEAN", [0, 6], [1]),
        OpDef("SQUARED_DIFFERENCE", [0, 1], [2]),
        OpDef("MEAN", [2, 6], [3]),
        OpDef("RSQRT", [3], [4]),
        OpDef("MUL", [0, 4], [5]),
    ]
    return build_model(tensors, operators, [0], [5])


@pytest.mark.parametrize(("axes", "hits"), [((0, 1, 2), 1), ((0, -3, -2), 1), ((0, 2, 3), 1)])
def test_statistics_of_the_batch_are_a_warning(axes, hits):
    wanted = [("train-mode-export", "warning")] * hits
    assert found(structure.check_batch_statistics, normalized(axes)) == wanted


@pytest.mark.parametrize("axes", [(3,), (1, 2), (1, 2, 3), (0, 1, 2, 3), (-1,)])
def test_layer_and_instance_normalization_have_no_finding(axes):
    assert found(structure.check_batch_statistics, normalized(axes)) == []


def test_batch_normalization_of_training_is_known_by_its_name():
    tensors = [TensorDef("x", (1, 4)), TensorDef("y", (1, 4))]
    custom = OpDef("", [0], [1], custom_code="FlexFusedBatchNormV3")
    data = build_model(tensors, [custom], [0], [1])
    assert found(structure.check_batch_statistics, data) == [("train-mode-export", "warning")]


def two_outputs(first=("float32",), second=("float32",), source=0):
    tensors = [TensorDef("x", (1, 4), *first), TensorDef("c", (1, 4), data=np.zeros((1, 4))),
               TensorDef("a", (1, 4), *first), TensorDef("b", (1, 4), *second)]  # fmt: skip
    return build_model(tensors, [OpDef("RELU", [0], [2]), OpDef("ABS", [source], [3])], [0], [2, 3])


def test_an_output_that_no_input_reaches_is_a_warning():
    (finding,) = structure.check_reach(file_evidence(two_outputs(source=1)))
    assert (finding.rule, finding.severity) == ("constant-or-unused-output", "warning")
    assert finding.subject.name == "b"
    assert found(structure.check_reach, two_outputs()) == []
    assert found(structure.check_reach, identity()) == []


def test_an_output_that_is_only_the_state_depends_on_earlier_inputs():
    tensors = [TensorDef("x", (1, 4)), TensorDef("s", (1, 4), is_variable=True),
               TensorDef("y", (1, 4))]  # fmt: skip
    data = build_model(tensors, [OpDef("RELU", [1], [2])], [0], [2])
    assert found(structure.check_reach, data) == []


def test_one_flat_output_among_others_is_noted():
    note = [("constant-or-unused-output", "info")]
    assert found(structure.check_reach, two_outputs(("int8", 0.1), ("int8", 7.84e-9))) == note
    assert found(structure.check_reach, two_outputs(("int8", 1e-9), ("int8", 7.84e-9))) == []


@pytest.mark.parametrize(
    ("changes", "runtime", "wanted"),
    [
        ({"schema_version": 2}, None, ["warning"]),
        ({"description": "TOCO Converted."}, None, ["info"]),
        ({"description": "MLIR Converted."}, None, []),
        ({"min_runtime_version": "2.11.0"}, "tflite-runtime==2.5.0", ["warning"]),
        ({"min_runtime_version": "2.11.0"}, "tflite-runtime==2.14.0", []),
        ({"min_runtime_version": "2.11.0"}, "litert==1.0.1", []),
        ({"min_runtime_version": "2.11.0"}, "tflite-runtime", []),
        ({"min_runtime_version": "9" * 5000}, "tflite-runtime==2.5.0", ["warning"]),
        ({"min_runtime_version": "unknown"}, "tflite-runtime==2.5.0", []),
    ],
)
def test_age_is_judged_against_schema_and_target(changes, runtime, wanted):
    tensors = [TensorDef("x", (1, 4), "uint8", 0.1), TensorDef("y", (1, 4), "uint8", 0.1)]
    data = build_model(tensors, [OpDef("RELU", [0], [1])], [0], [1])
    target = {} if runtime is None else {"target": {"runtime": runtime}}
    case = file_evidence(data, **target)
    case = replace(case, model=replace(case.model, **changes))
    assert [f.severity for f in structure.check_age(case)] == wanted


def test_an_old_converter_is_only_noted_for_its_quantization():
    case = file_evidence(float_dense(np.ones((3, 4)), np.zeros(3)))
    case = replace(case, model=replace(case.model, description="TOCO Converted."))
    assert list(structure.check_age(case)) == []


def loop(*, converts):
    """A WHILE whose body quantizes a changing value, or unpacks a constant."""
    main = GraphDef(
        [TensorDef("x", (1, 4)), TensorDef("y", (1, 4))], [OpDef("WHILE", [0], [1])], [0], [1]
    )
    constant = None if converts else np.ones((1, 4))
    inner = [TensorDef("s", (1, 4)), TensorDef("w", (1, 4), "int8", 0.1, data=constant),
             TensorDef("f", (1, 4)), TensorDef("t", (1, 4))]  # fmt: skip
    first = [OpDef("QUANTIZE", [0], [1])] if converts else []
    body = [*first, OpDef("DEQUANTIZE", [1], [2]), OpDef("ADD", [0, 2], [3])]
    return build_file([main, GraphDef(inner, body, [0], [3], "body")])


def test_a_loop_that_converts_in_each_round_is_a_warning():
    (finding,) = structure.check_recurrent(file_evidence(loop(converts=True)))
    assert (finding.rule, finding.severity) == ("recurrent-quantization", "warning")
    assert finding.evidence["conversions"] == 2
    assert found(structure.check_recurrent, loop(converts=False)) == []


@pytest.mark.parametrize(("dtype", "wanted"), [("int8", ["info"]), ("float32", [])])
def test_integer_cells_are_noted(dtype, wanted):
    scale = 0.1 if dtype == "int8" else None
    tensors = [TensorDef("x", (1, 2, 4), dtype, scale), TensorDef("y", (1, 2, 4), dtype, scale)]
    data = build_model(tensors, [OpDef("UNIDIRECTIONAL_SEQUENCE_LSTM", [0], [1])], [0], [1])
    assert [severity for _, severity in found(structure.check_recurrent, data)] == wanted
