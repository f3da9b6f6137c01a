import pytest
from models import SignatureDef, TensorDef, build_model, int8_dense, two_input_add
from tflite_writer import GraphDef, OpDef, build_file

from edgecheck.quantization import QuantParams
from edgecheck.runtime.job import Job, Slot, job_for
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.reader import read_model


def _job(data, signature=None, names=None, **shapes):
    contract = contract_of(read_model(data), signature)
    names = names or [port.name for port in contract.inputs]
    ports = {port.name: port for port in contract.inputs}
    bound = {name: ports[name] for name in names}
    found = {name: port.tensor.shape for name, port in bound.items()} | shapes
    return job_for(contract, "model.tflite", bound=bound, shapes=found)


def _adding(input_signature, output_signature):
    tensors = [
        TensorDef("x", (1, 2), shape_signature=input_signature),
        TensorDef("y", (1, 2), shape_signature=output_signature),
    ]
    return build_model(tensors, [OpDef("ADD", [0, 0], [1])], [0], [1])


def test_a_job_survives_json():
    slot = Slot("a", "b", 3, "int8", (1, 2), True, QuantParams((0.5, 0.25), (1, -1), 1))
    plain = Slot("c", "c", 4, "float32", (), False, None)
    job = Job("litert", "m.tflite", (slot, plain), (plain,), "serve", True, True, 3)
    assert Job.from_json(job.to_json()) == job


def test_feeds_keep_their_names_in_whatever_order():
    job = _job(two_input_add(), names=["right", "left"])
    assert [(slot.name, slot.index) for slot in job.inputs] == [("right", 1), ("left", 0)]


def test_quantized_ports_carry_their_parameters(rng):
    job = _job(int8_dense(rng.normal(size=(3, 4)), rng.normal(size=3), (-1, 1), (-4, 4)))
    for slot in (*job.inputs, *job.outputs):
        assert slot.dtype == "int8"
        assert slot.quantization.is_usable


def test_an_integer_without_usable_scale_is_not_quantized():
    tensors = [TensorDef("x", (1, 2), "int8", 0.0), TensorDef("y", (1, 2), "int8")]
    job = _job(build_model(tensors, [OpDef("ADD", [0, 0], [1])], [0], [1]))
    assert [slot.quantization for slot in (*job.inputs, *job.outputs)] == [None, None]


@pytest.mark.parametrize(
    ("output_signature", "shape"),
    [(None, (1, 2)), ((-1, 2), (1, 2)), ((-1, -1), (1, -1)), ((1, -1), (1, -1))],
)
def test_only_the_batch_of_an_open_output_is_taken_for_one(output_signature, shape):
    assert _job(_adding(None, output_signature)).outputs[0].shape == shape


def test_a_shape_that_differs_from_the_stored_one_is_resized():
    data = _adding((-1, -1), (-1, -1))
    assert not _job(data).inputs[0].is_resized
    assert _job(data, x=(1, 7)).inputs[0].is_resized


def test_a_signature_is_named_only_where_its_subgraph_is_not_the_first():
    tensors = [TensorDef("x", (1, 2)), TensorDef("y", (1, 2))]
    graph = GraphDef(tensors, [OpDef("ADD", [0, 0], [1])], [0], [1])
    signatures = [
        SignatureDef("first", {"a": 0}, {"b": 1}, 0),
        SignatureDef("second", {"a": 0}, {"b": 1}, 1),
    ]
    data = build_file([graph, graph], signatures)
    assert _job(data, "first").signature is None
    assert _job(data, "second").signature == "second"
