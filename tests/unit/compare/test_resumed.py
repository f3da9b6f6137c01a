"""The candidate from one tensor on, against plain arithmetic."""

from dataclasses import replace

import numpy as np
import pytest
from two_layers import BIASES, FIRST, ROWS, SECOND, float_net, int8_net
from walking import setup_of

from edgecheck.compare.resumed import Resumption, compare_resumed
from edgecheck.quantization import dequantize, quantize
from edgecheck.tflite.constants import Constants
from edgecheck.tflite.dequantize.twin import twin_of
from edgecheck.tflite.reader import read_model

HIDDEN, OUTPUT = 3, 6


def silent(*_):
    """No progress."""


def stored(data, index):
    """Real values of a constant, or the codes there and back of an activation."""
    model = read_model(data)
    tensor = model.subgraphs[0].tensors[index]
    if tensor.is_constant:
        return dequantize(Constants.of(data).stored(tensor), tensor.quantization)
    return lambda real: dequantize(quantize(real, tensor.quantization, "int8"), tensor.quantization)


def expected_db(data):
    """SQNR of the second layer on the exact first one, whose output is rounded once."""
    real = ROWS @ FIRST.T + BIASES[0]
    reference = real @ SECOND.T + BIASES[1]
    first = ROWS @ stored(data, 1).T + stored(data, 2)
    second = stored(data, HIDDEN)(first) @ stored(data, 4).T + stored(data, 5)
    found = stored(data, OUTPUT)(second)
    return 10 * np.log10((reference**2).sum() / ((reference - found) ** 2).sum())


@pytest.fixture
def entrants(tmp_path):
    """A setup whose inputs are cut off at `reach`, and the bytes of the candidate."""
    pytest.importorskip("ai_edge_litert", reason="LiteRT runs the models here")

    def make(reach):
        data = int8_net(reach=reach)
        (tmp_path / "candidate.tflite").write_bytes(data)
        (tmp_path / "reference.tflite").write_bytes(float_net())
        setup, _ = setup_of(tmp_path / "candidate.tflite", ROWS)
        reference = setup_of(tmp_path / "reference.tflite", ROWS)[0].candidate
        return replace(setup, reference=replace(reference, who="reference")), data

    return make


@pytest.mark.parametrize("kernels", ["default", "builtin"])
def test_what_went_wrong_before_the_tensor_is_gone(entrants, kernels):
    setup, data = entrants(0.2)
    twin = twin_of(data, setup.candidate.model)
    told = []
    before, after = compare_resumed(
        setup, Resumption(twin, HIDDEN, kernels), lambda *both: told.append(both)
    )
    assert before.outputs[0].pair.sqnr_db < 10
    assert after.outputs[0].pair.sqnr_db == pytest.approx(expected_db(data), abs=0.5)
    assert told[-1] == (80, 80)


def test_only_the_operator_that_writes_the_tensor_is_taken_out(entrants):
    setup, data = entrants(1.0)
    twin = twin_of(data, setup.candidate.model)
    cut = read_model(Resumption(twin, HIDDEN, "default").data(data)).subgraphs[0]
    assert cut.inputs == (0, HIDDEN)
    assert [operator.outputs for operator in cut.operators] == [(OUTPUT,)]


def test_nothing_is_compared_without_a_reference(entrants):
    setup, data = entrants(1.0)
    twin = twin_of(data, setup.candidate.model)
    with pytest.raises(ValueError, match="against"):
        compare_resumed(replace(setup, reference=None), Resumption(twin, 3, "default"), silent)
