"""Edits that are read back, and everything else untouched."""

import io
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
import tflite
import tflite_writer
from hypothesis import given, settings
from hypothesis import strategies as st
from models import (
    GraphDef,
    OpDef,
    SignatureDef,
    TensorDef,
    build_file,
    build_model,
    int8_dense,
    two_input_add,
)

from edgecheck.errors import ModelFileInvalid
from edgecheck.quantization import QuantParams
from edgecheck.tflite.buffers import buffer_spans
from edgecheck.tflite.edit.activations import stored_activation
from edgecheck.tflite.edit.editor import EditImpossible, Editor
from edgecheck.tflite.graph import Model
from edgecheck.tflite.reader import read_model


def dense():
    weights = np.arange(12, dtype=np.float32).reshape(3, 4) - 5
    return int8_dense(weights, np.ones(3), (-1, 1), (-20, 20))


def two_graphs():
    """Two subgraphs with three tensors and two operators each; two signatures; metadata."""
    graph = GraphDef(
        [
            TensorDef("x", (1, 4), "int8", 0.5, 3),
            TensorDef("w", (4, 4), "int8", [0.1, 0.2, 0.3, 0.4], [0] * 4, data=np.eye(4)),
            TensorDef("y", (1, 4), "int8", 0.25, -3),
            TensorDef("z", (1, 4), "int8", 0.25, -3),
            TensorDef("f", (2,), data=np.array([1.5, 2.5])),
        ],
        [OpDef("ADD", [0, 1], [2]), OpDef("MUL", [2, 0], [3]), OpDef("ADD", [2, 3], [3])],
        [0],
        [3],
    )
    signatures = [
        SignatureDef("one", {"in": 0}, {"out": 3, "again": 3}),
        SignatureDef("two", {"in": 0}, {"out": 3}, subgraph=1),
    ]
    return build_file([graph, graph], signatures, {"note": b"kept", "other": b"x" * 33})


def share_buffer(data: bytes, graph: int, tensor: int, like: int) -> bytes:
    """Let a tensor use the buffer of another."""
    out = bytearray(data)
    tensors = tflite.Model.GetRootAs(data).Subgraphs(graph)
    source, target = tensors.Tensors(like), tensors.Tensors(tensor)
    position = target._tab.Pos + target._tab.Offset(8)
    struct.pack_into("<I", out, position, source.Buffer())
    return bytes(out)


def outside(build: Callable[[], bytes]) -> bytes:
    """What `build` builds, with every constant behind the flatbuffer, as in files over 2 GB."""
    contents = []

    def buffer(writer, data):
        if not data:
            return writer.table("Buffer", {})
        contents.append(data)
        return writer.table("Buffer", {"Offset": 1 << 40, "Size": len(data)})

    with patch.object(tflite_writer._Writer, "buffer", buffer):
        out = bytearray(build())
    model = tflite.Model.GetRootAs(bytes(out))
    tables = [model.Buffers(index)._tab for index in range(model.BuffersLength())]
    places = [table.Pos + table.Offset(6) for table in tables if table.Offset(6)]
    for place, content in zip(places, contents, strict=True):
        out += bytes(-len(out) % 64)
        struct.pack_into("<Q", out, place, len(out))
        out += content
    return bytes(out)


def constant(data: bytes, graph: int, tensor: int) -> bytes:
    buffer = read_model(data).subgraphs[graph].tensors[tensor].buffer
    return bytes(buffer_spans(data)[buffer].of(data))


def with_tensor(model: Model, graph: int, tensor: int, **changes: object) -> tuple:
    """The subgraphs of a model with one tensor changed."""
    graphs = list(model.subgraphs)
    tensors = list(graphs[graph].tensors)
    tensors[tensor] = replace(tensors[tensor], **changes)
    graphs[graph] = replace(graphs[graph], tensors=tuple(tensors))
    return tuple(graphs)


@pytest.fixture(params=[False, True], ids=["inside", "outside"])
def data(request):
    return outside(two_graphs) if request.param else two_graphs()


def test_no_edit_gives_the_same_bytes(data):
    assert Editor(data).finish() is data


def set_operator_input(editor, data, graph, operator, slot, tensor):
    """Let one input of an operator read another tensor."""
    inputs = list(read_model(data).subgraphs[graph].operators[operator].inputs)
    inputs[slot] = tensor
    editor.set_operator_inputs(graph, operator, inputs)


def test_edits_that_change_nothing_give_the_same_bytes(data):
    editor, model = Editor(data), read_model(data)
    editor.set_dtype(1, 0, "int8")
    params = model.subgraphs[0].tensors[1].quantization
    editor.set_quantization(0, 1, params.scales, params.zero_points)
    editor.set_buffer(0, 1, constant(data, 0, 1))
    set_operator_input(editor, data, 0, 1, 0, 2)
    editor.set_outputs(0, [3])
    editor.set_signature_outputs(0, {2: 1})
    editor.drop_operators(0, [])
    editor.add_tensors(0, [])
    assert editor.finish() is data


def test_bytes_that_are_no_model_are_refused():
    with pytest.raises(ModelFileInvalid):
        Editor(b"nothing at all")


def test_a_type_is_one_byte(data):
    editor = Editor(data)
    editor.set_dtype(1, 2, "float32")
    result = editor.finish()
    assert read_model(result).subgraphs == with_tensor(read_model(data), 1, 2, dtype="float32")
    assert sum(a != b for a, b in zip(data, result, strict=True)) == 1


def test_a_type_that_the_file_leaves_out_is_added(data):
    editor = Editor(data)
    editor.set_dtype(1, 4, "float16")  # float32 is the default, which builders do not store
    result = editor.finish()
    assert read_model(result).subgraphs == with_tensor(read_model(data), 1, 4, dtype="float16")


def test_quantization_is_written_in_place(data):
    editor = Editor(data)
    editor.set_quantization(0, 1, [1, 2, 3, 0.1], [4, 5, 6, -7])
    result = editor.finish()
    params = QuantParams((1.0, 2.0, 3.0, float(np.float32(0.1))), (4, 5, 6, -7))
    assert read_model(result).subgraphs == with_tensor(read_model(data), 0, 1, quantization=params)
    assert len(result) == len(data)


@pytest.mark.parametrize(("scales", "zeros"), [([1, 2], [0, 0]), ([1] * 4, [0])])
def test_another_number_of_scales_is_refused(data, scales, zeros):
    with pytest.raises(ValueError, match="scales"):
        Editor(data).set_quantization(0, 1, scales, zeros)


def test_contents_of_the_same_length_stay_in_place(data):
    editor = Editor(data)
    editor.set_buffer(0, 1, bytes(range(16)))
    result = editor.finish()
    assert constant(result, 0, 1) == bytes(range(16))
    assert constant(result, 1, 1) == constant(data, 1, 1)
    assert len(result) == len(data)


def test_longer_contents_are_appended_on_a_boundary_of_16_bytes(data):
    editor = Editor(data)
    editor.set_buffer(0, 1, bytes(range(64)))
    result = editor.finish()
    model = read_model(result)
    assert constant(result, 0, 1) == bytes(range(64))
    assert buffer_spans(result)[model.subgraphs[0].tensors[1].buffer].start % 16 == 0
    assert model.subgraphs == read_model(data).subgraphs
    assert len(result) <= len(data) + 64 + 32


def test_a_tensor_without_values_can_be_given_some(data):
    editor = Editor(data)
    editor.set_buffer(1, 0, b"1234")
    result = editor.finish()
    assert constant(result, 1, 0) == b"1234"
    assert read_model(result).subgraphs[1].tensors[0].is_constant


def test_a_shared_buffer_is_split(data):
    shared = share_buffer(data, 0, 2, like=1)
    editor = Editor(shared)
    editor.set_buffer(0, 2, b"mine")
    result = editor.finish()
    assert constant(result, 0, 2) == b"mine"
    assert constant(result, 0, 1) == constant(data, 0, 1)


def test_tensors_given_the_same_object_go_on_sharing(data):
    shared = share_buffer(data, 0, 2, like=1)
    editor, content = Editor(shared), b"for both"
    editor.set_buffer(0, 1, content)
    editor.set_buffer(0, 2, content)
    model = read_model(editor.finish())
    before = read_model(shared)
    assert model.subgraphs == before.subgraphs


def test_metadata_that_shares_a_buffer_keeps_it():
    data = bytearray(two_graphs())
    entry = tflite.Model.GetRootAs(bytes(data)).Metadata(0)
    number = read_model(bytes(data)).subgraphs[0].tensors[1].buffer
    struct.pack_into("<I", data, entry._tab.Pos + entry._tab.Offset(6), number)
    editor = Editor(bytes(data))
    editor.set_buffer(0, 1, bytes(range(16)))
    result = editor.finish()
    spans = buffer_spans(result)
    kept = tflite.Model.GetRootAs(result).Metadata(0).Buffer()
    assert bytes(spans[kept].of(result)) == constant(bytes(data), 0, 1)
    assert constant(result, 0, 1) == bytes(range(16))


def test_operators_inputs_and_outputs(data):
    editor = Editor(data)
    set_operator_input(editor, data, 1, 1, 0, 1)
    editor.drop_operators(1, [0, 2])
    editor.set_inputs(1, [0, 1])
    editor.set_outputs(1, [2, 3, 0])
    editor.set_signature_outputs(1, {3: 0})
    result = editor.finish()
    model, before = read_model(result), read_model(data)
    graph = before.subgraphs[1]
    operator = replace(graph.operators[1], index=0, inputs=(1, 0))
    wanted = replace(graph, operators=(operator,), inputs=(0, 1), outputs=(2, 3, 0))
    assert model.subgraphs == (before.subgraphs[0], wanted)
    assert model.signatures[0] == before.signatures[0]
    assert model.signatures[1].outputs == {"out": 0}


def test_a_signature_output_that_stores_no_index_is_added():
    data = two_input_add(signatures=[SignatureDef("s", {"a": 0, "b": 1}, {"first": 0, "sum": 2})])
    editor = Editor(data)
    editor.set_signature_outputs(0, {0: 1})  # index 0 is the default, which is not stored
    signature = read_model(editor.finish()).signatures[0]
    assert signature.outputs == {"first": 1, "sum": 2}
    assert signature.inputs == {"a": 0, "b": 1}


@pytest.mark.parametrize("stored", [0, 1])
def test_an_activation_is_written_in_place_or_added(stored):
    """Also where the operator moves up because one in front of it is dropped."""
    tensors = [TensorDef("x", (1, 4)), TensorDef("y", (1, 4)), TensorDef("z", (1, 4))]
    options = {"FusedActivationFunction": stored} if stored else {"PotScaleInt16": False}
    operators = [OpDef("NEG", [0], [1]), OpDef("ADD", [0, 1], [2], options=options)]
    built = build_model(tensors, operators, [0], [2])
    editor = Editor(built)
    editor.set_activation(0, 1, stored)
    assert editor.finish() is built
    editor.set_activation(0, 1, 3)
    editor.drop_operators(0, [0])
    result = editor.finish()
    operator = read_model(result).subgraphs[0].operators[0]
    assert stored_activation(result, 0, operator) == 3
    table = tflite.Model.GetRootAs(result).Subgraphs(0).Operators(0).BuiltinOptions()
    options = tflite.AddOptions()
    options.Init(table.Bytes, table.Pos)
    assert (options.FusedActivationFunction(), options.PotScaleInt16()) == (3, bool(stored))


def test_added_tensors(data):
    editor = Editor(data)
    first = editor.add_tensors(0, [((1, 4), "float32"), ((), "int8")])
    second = editor.add_tensors(0, [((2, 0, 5), "int64")])
    set_operator_input(editor, data, 0, 0, 1, first[0])
    editor.set_inputs(0, [0, *first, *second])
    result = editor.finish()
    model, before = read_model(result), read_model(data)
    assert (first, second) == ((5, 6), (7,))
    graph = model.subgraphs[0]
    assert [(t.shape, t.dtype) for t in graph.tensors[5:]] == [
        ((1, 4), "float32"), ((), "int8"), ((2, 0, 5), "int64"),
    ]  # fmt: skip
    assert graph.tensors[:5] == before.subgraphs[0].tensors
    assert graph.inputs == (0, 5, 6, 7)
    assert graph.operators[0].inputs == (0, 5)
    assert model.subgraphs[1] == before.subgraphs[1]


def test_a_grown_file_holds_the_old_one_at_a_multiple_of_64_bytes():
    data = two_graphs()
    editor = Editor(data)
    editor.add_tensors(0, [((1,), "int8")])
    result = editor.finish()
    assert result.endswith(data)
    assert (len(result) - len(data)) % 64 == 0
    before = buffer_spans(data)
    for span, moved in zip(before, buffer_spans(result), strict=True):
        assert not span.size or moved.start == span.start + len(result) - len(data)


def test_a_grown_file_moves_data_outside_the_flatbuffer():
    data = outside(two_graphs)
    editor = Editor(data)
    editor.add_tensors(1, [((1,), "int8")])
    result = editor.finish()
    for graph, tensor in [(0, 1), (1, 1), (0, 4)]:
        assert constant(result, graph, tensor) == constant(data, graph, tensor) != b""


def zipped(data: bytes) -> bytes:
    buffer = io.BytesIO(data)
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("labels.txt", "cat\ndog\n" * 20)
        archive.writestr("vocabulary.txt", "a b c")
    return buffer.getvalue()


@pytest.mark.parametrize("growth", [0, 1])
def test_associated_files_stay_readable_at_the_end(growth):
    data = zipped(two_graphs())
    editor = Editor(data)
    editor.set_buffer(0, 1, bytes(100_000))
    editor.add_tensors(0, [((1,), "int8")] * growth)
    result = editor.finish()
    assert read_model(result).associated_files == ("labels.txt", "vocabulary.txt")
    with zipfile.ZipFile(io.BytesIO(result)) as archive:
        assert archive.read("labels.txt") == b"cat\ndog\n" * 20
        # Readers that do not look for an offset find the entries where the table says.
        assert result[archive.infolist()[1].header_offset :][:4] == b"PK\x03\x04"
    end = result.rfind(b"PK\x05\x06")
    (place,) = struct.unpack_from("<I", result, end + 16)
    assert result[place : place + 4] == b"PK\x01\x02"


def share_quantization(data: bytes) -> bytes:
    """Tensor 3 refers to the quantization of tensor 2."""
    out, graph = bytearray(data), tflite.Model.GetRootAs(data).Subgraphs(0)
    first, second = graph.Tensors(2), graph.Tensors(3)
    target = first.Quantization()._tab.Pos
    position = second._tab.Pos + second._tab.Offset(12)
    if target < position:
        first, second = second, first
        target = first.Quantization()._tab.Pos
        position = second._tab.Pos + second._tab.Offset(12)
    struct.pack_into("<I", out, position, target - position)
    return bytes(out)


@pytest.mark.parametrize("build", [two_graphs, lambda: share_quantization(two_graphs())])
@pytest.mark.parametrize("tensor", [1, 2])
def test_quantization_of_one_tensor_is_cleared(build, tensor):
    editor = Editor(build())
    editor.clear_quantization(0, tensor)
    expected = with_tensor(read_model(build()), 0, tensor, quantization=None)
    assert read_model(editor.finish()).subgraphs == expected


@pytest.mark.parametrize("tensor", [2, 3])
def test_a_shared_quantization_table_is_split(tensor):
    data = share_quantization(two_graphs())
    editor = Editor(data)
    editor.set_quantization(0, tensor, [8.0], [9])
    result = editor.finish()
    expected = with_tensor(read_model(data), 0, tensor, quantization=QuantParams((8.0,), (9,)))
    assert read_model(result).subgraphs == expected


def without_zero_points(data: bytes, tensor: int) -> bytes:
    out = bytearray(data)
    table = tflite.Model.GetRootAs(data).Subgraphs(0).Tensors(tensor).Quantization()._tab
    vtable = table.Pos - struct.unpack_from("<i", out, table.Pos)[0]
    struct.pack_into("<H", out, vtable + 4 + 2 * 3, 0)
    return bytes(out)


@pytest.mark.parametrize("zero", [0, 5])
def test_zero_points_that_are_absent_count_as_zeros(zero):
    data = without_zero_points(dense(), 3)
    assert {t.quantization.zero_points for t in read_model(data).subgraphs[0].tensors} == {(0,)}
    editor = Editor(data)
    editor.set_quantization(0, 3, [8.0], [zero])
    tensors = read_model(editor.finish()).subgraphs[0].tensors
    assert tensors[3].quantization == QuantParams((8.0,), (zero,))
    assert tensors[0].quantization == read_model(data).subgraphs[0].tensors[0].quantization


def test_a_tensor_table_listed_twice_cannot_be_edited_once():
    data = bytearray(two_graphs())
    graph = tflite.Model.GetRootAs(bytes(data)).Subgraphs(0)
    start = graph._tab.Vector(graph._tab.Offset(4))
    (offset,) = struct.unpack_from("<I", data, start + 4 * 3)
    struct.pack_into("<I", data, start + 4 * 2, offset + 4)
    editor = Editor(bytes(data))
    editor.set_dtype(0, 2, "float32")
    with pytest.raises(EditImpossible, match="subgraph 0 shares"):
        editor.finish()


@st.composite
def edits(draw):
    """A list of (method, arguments) on `two_graphs`."""
    graph, tensor = st.integers(0, 1), st.integers(0, 4)
    scale = st.floats(2**-20, 2**20, width=32)
    return draw(
        st.lists(
            st.one_of(
                st.tuples(st.just("dtype"), graph, tensor, st.sampled_from(["int16", "float32"])),
                st.tuples(st.just("buffer"), graph, tensor, st.binary(max_size=40)),
                st.tuples(st.just("quantization"), graph, st.sampled_from([0, 2, 3]), scale),
                st.tuples(st.just("input"), graph, st.integers(0, 2), tensor),
                st.tuples(st.just("outputs"), graph, tensor, st.lists(tensor, max_size=3)),
                st.tuples(st.just("add"), graph, tensor, st.lists(tensor, max_size=3)),
            ),
            max_size=8,
        )
    )


def apply(editor: Editor, data: bytes, edit: tuple) -> None:
    name, graph, item, value = edit
    if name == "dtype":
        editor.set_dtype(graph, item, value)
    elif name == "buffer":
        editor.set_buffer(graph, item, value)
    elif name == "quantization":
        editor.set_quantization(graph, item, [value], [item])
    elif name == "input":
        set_operator_input(editor, data, graph, item, 1, value)
    elif name == "outputs":
        editor.set_outputs(graph, value)
    else:
        editor.add_tensors(graph, [(tuple(value), "int8")])


def check(result: bytes, edit: tuple) -> None:
    name, graph, item, value = edit
    found = read_model(result).subgraphs[graph]
    if name == "dtype":
        assert found.tensors[item].dtype == value
    elif name == "buffer":
        assert constant(result, graph, item) == value
    elif name == "quantization":
        assert found.tensors[item].quantization == QuantParams((value,), (item,))
    elif name == "input":
        assert found.operators[item].inputs[1] == value
    elif name == "outputs":
        assert found.outputs == tuple(value)
    else:
        assert (tuple(value), "int8") in [(t.shape, t.dtype) for t in found.tensors[5:]]


@settings(max_examples=150, deadline=None)
@given(edits(), st.booleans())
def test_what_is_edited_is_read_back_and_the_rest_is_as_before(wanted, is_outside):
    data = outside(two_graphs) if is_outside else two_graphs()
    editor = Editor(data)
    last = {edit[:3] if edit[0] != "outputs" else edit[:2]: edit for edit in wanted}
    for edit in wanted:
        apply(editor, data, edit)
    result = editor.finish()
    for edit in last.values():
        check(result, edit)
    touched = {(g, t) for name, g, t, _ in wanted if name == "buffer"}
    for graph in range(2):
        for tensor in {0, 1, 2, 3, 4} - {t for g, t in touched if g == graph}:
            assert constant(result, graph, tensor) == constant(data, graph, tensor)
    assert read_model(result).metadata == read_model(data).metadata
    assert b"kept" in result


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(8, 2000), st.integers(0, 255)), max_size=4), edits())
def test_damaged_files_are_edited_or_refused(damage, wanted):
    data = bytearray(two_graphs())
    for position, value in damage:
        data[position % len(data)] = value
    try:
        editor = Editor(bytes(data))
    except ModelFileInvalid:
        return
    try:
        for edit in wanted:
            apply(editor, data, edit)
    except (IndexError, ValueError):
        return  # the damaged file has fewer tensors, operators, scales
    try:
        result = editor.finish()
    except EditImpossible:
        return
    for edit in {edit[:3] if edit[0] != "outputs" else edit[:2]: edit for edit in wanted}.values():
        if edit[0] != "add":
            check(result, edit)


def test_custom_operators_are_kept():
    model = build_model(
        [TensorDef("a", (1,)), TensorDef("b", (1,))],
        [OpDef("", [0], [1], custom_code="Mine")], [0], [1], metadata={"m": b"1"},
    )  # fmt: skip
    editor = Editor(model)
    editor.add_tensors(0, [((1,), "int8")])
    operator = read_model(editor.finish()).subgraphs[0].operators[0]
    assert (operator.name, operator.is_custom) == ("Mine", True)
