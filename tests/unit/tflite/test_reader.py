import hashlib
import io
import zipfile
from dataclasses import replace

import flatbuffers
import numpy as np
import pytest
import tflite
import tflite_writer
from models import (
    GraphDef,
    OpDef,
    SignatureDef,
    TensorDef,
    build_file,
    build_model,
    float_dense,
    identity,
    int8_dense,
)

from edgecheck.errors import InputMissing, ModelFileInvalid
from edgecheck.quantization import QuantParams
from edgecheck.tflite.buffers import buffer_spans
from edgecheck.tflite.reader import load_model, read_model


def one_op(op, tensors=None, **more):
    tensors = tensors or [TensorDef("x", (1,)), TensorDef("y", (1,))]
    return build_model(tensors, [op], [0], [1], **more)


def quantized(**fields):
    """The quantization read from a (4, 2) int8 tensor."""
    tensor = TensorDef("x", (4, 2), "int8", **fields)
    return read_model(build_model([tensor], [], [0], [0])).subgraphs[0].tensors[0].quantization


def test_file_facts():
    data = one_op(OpDef("ABS", [0], [1]), description="about",
                  metadata={"min_runtime_version": b"1.5.0" + bytes(11), "other": b"abc"})  # fmt: skip
    model = read_model(data)
    assert model.sha256 == hashlib.sha256(data).hexdigest()
    assert (model.size_bytes, model.schema_version) == (len(data), 3)
    assert (model.description, model.min_runtime_version) == ("about", "1.5.0")
    assert [(m.name, m.size_bytes) for m in model.metadata] == [
        ("min_runtime_version", 16),
        ("other", 3),
    ]


def test_tensors_of_a_dense_layer():
    weights = np.array([[0.5, -1.27], [0.0, 1.0]], np.float32)
    data = int8_dense(weights, np.zeros(2, np.float32), (-1, 1), (-2, 2))
    graph = read_model(data).subgraphs[0]
    source, kernel, bias, target = graph.tensors
    assert [tensor.dtype for tensor in graph.tensors] == ["int8", "int8", "int32", "int8"]
    assert [tensor.is_constant for tensor in graph.tensors] == [False, True, True, False]
    assert (source.shape, source.shape_signature, source.index) == ((1, 2), (1, 2), 0)
    assert kernel.quantization.scales == pytest.approx((0.01,))
    assert bias.quantization.scales[0] == pytest.approx(
        kernel.quantization.scales[0] * source.quantization.scales[0]
    )
    assert (graph.inputs, graph.outputs, target.name) == ((0,), (3,), "output")
    assert bytes(buffer_spans(data)[kernel.buffer].of(data)) == bytes([50, 129, 0, 100])


def test_operators_have_names_versions_and_optional_inputs():
    graph = read_model(one_op(OpDef("FULLY_CONNECTED", [0, 0, -1], [1], version=4))).subgraphs[0]
    (operator,) = graph.operators
    assert (operator.name, operator.version, operator.is_custom) == ("FULLY_CONNECTED", 4, False)
    assert (operator.inputs, operator.outputs) == ((0, 0, -1), (1,))


def test_custom_codes_are_the_names_of_custom_operators():
    for code, name in (("My:Op", "My:Op"), ("a\x1bb", "a\\x1bb"), ("", "CUSTOM")):
        (operator,) = (
            read_model(one_op(OpDef("", [0], [1], custom_code=code))).subgraphs[0].operators
        )
        assert (operator.name, operator.is_custom) == (name, True)


def with_codes(deprecated, builtin):
    """The name read from an operator code with these two fields (None: not stored)."""
    data = bytearray(one_op(OpDef("STABLEHLO_ADD", [0], [1])))
    table = tflite.Model.GetRootAs(data).OperatorCodes(0)._tab
    data[table.Pos + table.Offset(4)] = deprecated
    start = table.Pos + table.Offset(10)
    data[start : start + 4] = builtin.to_bytes(4, "little")
    return read_model(bytes(data)).subgraphs[0].operators[0].name


@pytest.mark.parametrize(
    ("deprecated", "builtin", "name"),
    [
        (0, 6, "DEQUANTIZE"),
        (6, 0, "DEQUANTIZE"),
        (9, 9, "FULLY_CONNECTED"),
        (127, 206, "STABLEHLO_COMPOSITE"),
        (127, 5000, "BUILTIN_5000"),
    ],
)
def test_the_larger_of_both_operator_code_fields_holds(deprecated, builtin, name):
    assert with_codes(deprecated, builtin) == name


def test_a_shape_signature_shows_dynamic_dimensions():
    tensors = [TensorDef("x", (1, 2), shape_signature=(-1, 2)), TensorDef("y", ())]
    x, y = read_model(build_model(tensors, [], [0], [1])).subgraphs[0].tensors
    assert (x.shape, x.shape_signature) == ((1, 2), (-1, 2))
    assert (y.shape, y.shape_signature) == ((), ())


def test_a_signature_of_another_rank_is_not_believed():
    tensor = TensorDef("x", (1, 2), shape_signature=(-1,))
    (x,) = read_model(build_model([tensor], [], [0], [0])).subgraphs[0].tensors
    assert x.shape_signature == (1, 2)


def test_quantization_is_none_without_a_scale():
    assert quantized() is None
    assert quantized(scale=()) is None


def test_per_channel_quantization():
    stored = quantized(scale=(0.5, 0.25), zero_point=(1, 2), dim=1)
    assert stored == QuantParams((0.5, 0.25), (1, 2), 1)


def test_one_quantized_dimension_outside_the_shape_is_kept_for_the_checks_to_name():
    assert quantized(scale=(0.5, 0.25), zero_point=(0, 0), dim=7).quantized_dimension == 7


@pytest.mark.parametrize(
    ("zero_points", "read"), [((5,), (5, 5, 5)), ((), (0, 0, 0)), ((1, 2), (1, 2, 0)),
                              ((1, 2, 3, 4), (1, 2, 3))]
)  # fmt: skip
def test_zero_points_are_as_many_as_scales(monkeypatch, zero_points, read):
    original = tflite_writer._Writer.numbers

    def numbers(writer, values, dtype):
        values = np.array(zero_points) if dtype == "int64" else values
        return original(writer, values, dtype)

    monkeypatch.setattr(tflite_writer._Writer, "numbers", numbers)
    assert quantized(scale=(1.0, 2.0, 4.0)).zero_points == read


def test_scales_that_no_runtime_takes_are_kept():
    assert quantized(scale=0.0).scales == (0.0,)
    assert not quantized(scale=float("nan")).is_usable


def test_signatures_and_subgraphs():
    tensors = [TensorDef("x", (1,)), TensorDef("y", (1,))]
    graphs = [GraphDef(tensors, [], [0], [1], name) for name in ("main", "other")]
    model = read_model(build_file(graphs, [SignatureDef("go", {"a": 0}, {"b": 1}, subgraph=1)]))
    (signature,) = model.signatures
    assert (signature.key, signature.subgraph) == ("go", 1)
    assert (signature.inputs, signature.outputs) == ({"a": 0}, {"b": 1})
    assert [graph.name for graph in model.subgraphs] == ["main", "other"]


def test_files_packed_behind_the_model_are_listed():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("labels.txt", "cat\ndog\n")
    model = read_model(identity() + stream.getvalue())
    assert model.associated_files == ("labels.txt",)
    assert replace(model, sha256="", size_bytes=0, associated_files=()) == replace(
        read_model(identity()), sha256="", size_bytes=0
    )


X, Y = TensorDef("x", (1,)), TensorDef("y", (1,))


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (build_model([X], [], [1], [0]), "subgraph 0 refers to tensor 1 of 1"),
        (build_model([X], [], [0], [-1]), "subgraph 0 refers to tensor -1 of 1"),
        (one_op(OpDef("ABS", [2], [1])), "operator 0 of subgraph 0 refers to tensor 2 of 2"),
        (one_op(OpDef("ABS", [0], [-1])), "operator 0 of subgraph 0 refers to tensor -1 of 2"),
        (build_model([X], [], [0], [0], [SignatureDef("s", {"a": 3}, {})]), "signature 's'"),
        (build_model([X], [], [0], [0], [SignatureDef("s", {}, {}, 2)]), "refers to subgraph 2 of 1"),
        (build_file([]), "no subgraph"),
        (build_model([TensorDef("x", (1,) * 65)], [], [0], [0]), "65 dimensions"),
    ],
)  # fmt: skip
def test_references_that_lead_nowhere_are_refused(data, found):
    with pytest.raises(ModelFileInvalid) as caught:
        read_model(data)
    assert found in caught.value.message


@pytest.mark.parametrize(
    ("table_of", "slot", "found"),
    [
        (lambda graph: graph.Tensors(0), 8, "tensor 0 of subgraph 0 refers to buffer 99 of 3"),
        (
            lambda graph: graph.Operators(1),
            4,
            "operator 1 of subgraph 0 refers to operator code 99",
        ),
    ],
)
def test_a_buffer_or_operator_code_that_is_missing_is_refused(table_of, slot, found):
    operators = [OpDef("ABS", [0], [1]), OpDef("NEG", [0], [1])]
    data = bytearray(build_model([X, Y], operators, [0], [1]))
    table = table_of(tflite.Model.GetRootAs(data).Subgraphs(0))._tab
    start = table.Pos + table.Offset(slot)
    data[start : start + 4] = (99).to_bytes(4, "little")
    with pytest.raises(ModelFileInvalid, match=found):
        read_model(bytes(data))


def test_fields_that_are_absent_have_their_defaults():
    builder = flatbuffers.Builder(0)
    tflite.SubGraphStart(builder)
    graph = tflite.SubGraphEnd(builder)
    builder.StartVector(4, 1, 4)
    builder.PrependUOffsetTRelative(graph)
    graphs = builder.EndVector()
    tflite.ModelStart(builder)
    tflite.ModelAddSubgraphs(builder, graphs)
    builder.Finish(tflite.ModelEnd(builder), b"TFL3")
    model = read_model(bytes(builder.Output()))
    assert (model.schema_version, model.description, model.signatures) == (0, "", ())
    assert model.subgraphs[0].tensors == model.subgraphs[0].operators == ()


def test_what_is_no_model_is_named():
    with pytest.raises(ModelFileInvalid, match="not a TensorFlow Lite model: an empty file"):
        read_model(b"")


def test_load_model_gives_the_bytes_and_the_model(tmp_path):
    path = tmp_path / "m.tflite"
    data = float_dense(np.eye(2, dtype=np.float32), np.zeros(2))
    path.write_bytes(data)
    assert load_model(path) == (data, read_model(data))


def test_missing_paths_are_missing_inputs(tmp_path):
    with pytest.raises(InputMissing, match="does not exist"):
        load_model(tmp_path / "absent.tflite")
    with pytest.raises(InputMissing, match="is a folder") as caught:
        load_model(tmp_path)
    assert "SavedModel" not in caught.value.hint
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(InputMissing) as caught:
        load_model(tmp_path)
    assert "SavedModel" in caught.value.hint


def test_a_file_that_may_not_be_read_is_a_missing_input(tmp_path, monkeypatch):
    def refuse(_path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    with pytest.raises(InputMissing, match="cannot be read: Permission denied"):
        load_model(tmp_path / "m.tflite")
