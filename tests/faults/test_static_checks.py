"""Static checks on damaged and odd files: findings or nothing, and never an exception."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from models import OpDef, TensorDef, build_model, float_io_int8_dense
from static_findings import file_evidence

from edgecheck.checks import accumulators, constants, quantization, scales, structure
from edgecheck.checks.evidence import NotApplicable
from edgecheck.errors import ModelFileInvalid
from edgecheck.tensors import DTYPES

CHECKS = [
    check
    for module in (accumulators, constants, quantization, scales, structure)
    for name, check in vars(module).items()
    if name.startswith("check_") and check.__module__ == module.__name__
]
DENSE = float_io_int8_dense(np.eye(4, dtype=np.float32), np.ones(4, np.float32), (-1, 1), (-2, 2))


def promising(data):
    """What is known about a file that shall be float16."""
    return file_evidence(data, model={"task": "classification", "quantization": "float16"})


def judge(case):
    """Every static check; their findings have words."""
    for check in CHECKS:
        try:
            for finding in check(case):
                assert finding.message
                assert finding.fix
        except NotApplicable:
            continue


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, len(DENSE) - 1), st.integers(0, 255)), max_size=6))
def test_no_damaged_file_makes_a_check_raise(changes):
    data = bytearray(DENSE)
    for position, value in changes:
        data[position] = value
    try:
        judge(promising(bytes(data)))
    except ModelFileInvalid:
        return


NAMES = sorted(
    constants.WEIGHTED | constants.ARITHMETIC | scales.COPIES_FIRST | scales.COPIES_ALL
    | set(scales.FIXED_SCALES) | accumulators.WITHOUT_INT16 | structure.INTEGER_CELLS
    | {"QUANTIZE", "DEQUANTIZE", "MEAN", "SQUARED_DIFFERENCE", "RSQRT", "SPLIT", "WHILE"}
)  # fmt: skip
SCALES = [None, 0.0, -1.0, float("nan"), float("inf"), 1e-45, 0.1, [0.1, 0.2], [1e-30] * 4]


@st.composite
def files(draw):
    """Any operators on any tensors: nothing needs to fit."""
    tensors = []
    for at in range(6):
        shape = tuple(draw(st.lists(st.sampled_from([-1, 0, 1, 2, 4]), max_size=4)))
        kinds = ["float32", "float16", "int8", "uint8", "int16", "int32", "int64", "bool"]
        dtype = draw(st.sampled_from(kinds))
        values = np.array([np.nan, np.inf, 65504, -2], np.float32)
        with np.errstate(invalid="ignore"):
            data = values.astype(dtype) if draw(st.booleans()) else None
        zero = draw(st.sampled_from([0, -128, 255, 2**63 - 1, -(2**63)]))
        dim = draw(st.sampled_from([-1, 0, 3, 9]))
        tensors.append(
            TensorDef(f"t{at}", shape, dtype, draw(st.sampled_from(SCALES)), zero, dim, data)
        )
    index = st.integers(0, 5)
    operators = [
        OpDef(
            name, draw(st.lists(st.integers(-1, 5), max_size=5)), draw(st.lists(index, max_size=3))
        )
        for name in draw(st.lists(st.sampled_from(NAMES), max_size=6))
    ]
    ports = st.lists(index, max_size=3)
    return build_model(tensors, operators, draw(ports), draw(ports))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(files())
def test_no_odd_graph_makes_a_check_raise(data):
    judge(promising(data))


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_type_of_constant_makes_a_check_raise(dtype):
    weights = np.arange(16, dtype=np.int8)
    tensors = [TensorDef("x", (1, 4)), TensorDef("w", (2, 4), "int8", 0.1, data=weights),
               TensorDef("y", (1, 2))]  # fmt: skip
    data = build_model(tensors, [OpDef("FULLY_CONNECTED", [0, 1], [2])], [0], [2])
    case = file_evidence(data)
    graph = case.model.subgraphs[0]
    changed = tuple(replace(item, dtype=dtype) for item in graph.tensors)
    judge(replace(case, model=replace(case.model, subgraphs=(replace(graph, tensors=changed),))))


def test_time_is_linear_in_the_number_of_operators():
    """Ten thousand operators that each check looks at; quadratic work would take minutes."""
    names = ["QUANTIZE", "CONCATENATION", "MEAN", "SQUARED_DIFFERENCE", "SOFTMAX", "RSQRT"]
    count = 10_000
    tensors = [TensorDef(f"t{at}", (1, 4), "int8", 1e-9) for at in range(count + 1)]
    operators = [OpDef(names[at % 6], [at, at], [at + 1]) for at in range(count)]
    case = file_evidence(build_model(tensors, operators, [0], range(1, count + 1)))
    start = time.perf_counter()
    judge(case)
    assert time.perf_counter() - start < 5.0


@pytest.mark.parametrize("dtype", ["int8", "float32", "float16"])
def test_twenty_megabytes_are_judged_within_a_second(dtype):
    side = {"int8": 4472, "float32": 2236, "float16": 3162}[dtype]
    weights = np.ones((side, side), np.int8)
    scale = 0.1 if dtype == "int8" else None
    activation = ("int16", 0.1) if dtype == "int8" else ("float32", None)
    tensors = [
        TensorDef("x", (1, side), *activation),
        TensorDef("w", (side, side), dtype, scale, data=weights),
        TensorDef("y", (1, side), *activation),
    ]
    data = build_model(tensors, [OpDef("FULLY_CONNECTED", [0, 1], [2])], [0], [2])
    assert len(data) > 19_000_000
    case = promising(data)
    start = time.perf_counter()
    judge(case)
    assert time.perf_counter() - start < 1.0
