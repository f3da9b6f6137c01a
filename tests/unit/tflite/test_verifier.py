import time

import flatbuffers
import numpy as np
import pytest
import tflite
from hypothesis import given, settings
from hypothesis import strategies as st
from models import (
    GraphDef,
    OpDef,
    SignatureDef,
    TensorDef,
    build_file,
    constant_dense,
    float_io_int8_dense,
    identity,
)

from edgecheck.errors import ModelFileInvalid
from edgecheck.tflite.graph import Model
from edgecheck.tflite.reader import read_model
from edgecheck.tflite.verifier import TABLES, verify

PADDING = 2
"""Bytes that the builder adds behind the last string of `rich_model`."""


def rich_model():
    """A file with every table that is read."""
    graph = GraphDef(
        [
            TensorDef("x", (1, 2), shape_signature=(-1, 2)),
            TensorDef("w", (2, 2), "int8", (0.5, 0.25), (0, 0), data=np.eye(2)),
            TensorDef("y", (1, 2)),
        ],
        [OpDef("", [0, 1], [2], custom_code="Mine")],
        [0],
        [2],
    )
    signature = SignatureDef("serve", {"a": 0}, {"b": 2})
    return build_file([graph], [signature], {"min_runtime_version": b"1.2.3"}, "about")


def outcome(data):
    """True for a model, False for a refusal; anything else is raised."""
    try:
        return isinstance(read_model(data), Model)
    except ModelFileInvalid:
        return False


@pytest.mark.parametrize("data", [identity(), constant_dense(), rich_model()])
def test_sound_files_pass(data):
    verify(data)


def test_every_truncation_is_refused_and_says_so():
    data = rich_model()
    verify(data[: len(data) - PADDING])
    for length in range(8, len(data) - PADDING):
        with pytest.raises(ModelFileInvalid) as caught:
            verify(data[:length])
        assert "truncated" in caught.value.message
        assert f"of {length}" in caught.value.message
    for length in range(8):
        assert not outcome(data[:length])


def test_thousands_of_damaged_files_give_a_model_or_a_refusal():
    rng = np.random.default_rng(0)
    data = np.frombuffer(float_io_int8_dense(np.eye(3), np.zeros(3), (-1, 1), (-1, 1)), np.uint8)
    results = []
    start = time.perf_counter()
    for _ in range(4000):
        damaged = data.copy()
        where = rng.integers(8, len(data), rng.integers(1, 5))
        damaged[where] = rng.choice([0, 1, 4, 127, 128, 255, int(rng.integers(256))], len(where))
        results.append(outcome(damaged.tobytes()))
    assert 0.05 < np.mean(results) < 0.95, "the damage must be neither harmless nor always fatal"
    assert time.perf_counter() - start < 60


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_overwritten_words_give_a_model_or_a_refusal(draw):
    data = bytearray(rich_model())
    for _ in range(draw.draw(st.integers(1, 3))):
        at = 4 * draw.draw(st.integers(2, len(data) // 4 - 1))
        word = draw.draw(st.integers(-64, 64) | st.integers(-(2**31), 2**31 - 1))
        data[at : at + 4] = word.to_bytes(4, "little", signed=True)
    outcome(bytes(data))


@given(st.binary(max_size=300))
def test_noise_behind_the_identifier_is_refused(noise):
    assert not outcome(b"\x10\0\0\0TFL3" + noise)


def test_a_refusal_is_printable_and_says_what_to_do():
    data = bytearray(build_file([], [SignatureDef("a\x1b[2J", {}, {}, subgraph=3)]))
    for damaged in (bytes(data), bytes(data[:60]), b"\x1b\0\0\0\x1b[2J"):
        with pytest.raises(ModelFileInvalid) as caught:
            read_model(damaged)
        assert caught.value.message.isprintable()
        assert caught.value.hint


def test_another_identifier_is_refused():
    with pytest.raises(ModelFileInvalid, match="identifier"):
        verify(b"\x10\0\0\0FBIN" + bytes(40))


def test_the_message_names_field_table_and_byte():
    data = identity()
    with pytest.raises(ModelFileInvalid, match=r"truncated: .* of table \w+ points to byte \d+ of"):
        verify(data[: len(data) // 2])


def nested_sharing(count):
    """`count` subgraphs, all the same table with `count` tensors, all the same table."""
    builder = flatbuffers.Builder(0)

    def vector_of(item):
        builder.StartVector(4, count, 4)
        for _ in range(count):
            builder.PrependUOffsetTRelative(item)
        return builder.EndVector()

    tflite.TensorStart(builder)
    tensors = vector_of(tflite.TensorEnd(builder))
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, tensors)
    graphs = vector_of(tflite.SubGraphEnd(builder))
    tflite.ModelStart(builder)
    tflite.ModelAddSubgraphs(builder, graphs)
    builder.Finish(tflite.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


def test_parts_that_multiply_by_sharing_are_refused_in_no_time():
    data = nested_sharing(20_000)
    start = time.perf_counter()
    with pytest.raises(ModelFileInvalid, match="overlap"):
        verify(data)
    assert time.perf_counter() - start < 5


def test_a_little_sharing_is_fine():
    assert len(read_model(nested_sharing(3)).subgraphs) == 3


@pytest.mark.parametrize(("start", "size", "sound"), [(8, 16, True), (1 << 40, 4, False),
                                                      (8, 1 << 63, False), (1, 1 << 40, True)])  # fmt: skip
def test_data_behind_the_flatbuffer_must_lie_in_the_file(start, size, sound):
    builder = flatbuffers.Builder(0)
    tflite.BufferStart(builder)
    tflite.BufferAddOffset(builder, start)
    tflite.BufferAddSize(builder, size)
    buffer = tflite.BufferEnd(builder)
    builder.StartVector(4, 1, 4)
    builder.PrependUOffsetTRelative(buffer)
    buffers = builder.EndVector()
    tflite.ModelStart(builder)
    tflite.ModelAddBuffers(builder, buffers)
    builder.Finish(tflite.ModelEnd(builder), b"TFL3")
    data = bytes(builder.Output())
    if sound:
        verify(data)
    else:
        with pytest.raises(ModelFileInvalid, match="field offset of table Buffer"):
            verify(data)


def test_no_table_contains_itself():
    depth = {}

    def depth_of(name):
        children = [field.table for field in TABLES[name] if field.table]
        depth[name] = 1 + max((depth_of(child) for child in children), default=0)
        return depth[name]

    assert depth_of("Model") == 4
    assert set(depth) == set(TABLES)


def test_field_numbers_are_those_of_the_generated_schema():
    for name, fields in TABLES.items():
        builders = vars(__import__(f"tflite.{name}", fromlist=["x"]))
        for field in fields:
            camel = "".join(part.title() for part in field.name.split("_"))
            add = builders[f"{name}Add{camel}"]
            assert field.slot in add.__code__.co_consts, (name, field.name)
