"""Recalibrated files against the float model in every runtime, and byte for byte."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import int8_dense
from nets import Net, conv_net, keyed, run, scaled, sqnr, tied, true_ranges
from tflite_writer import OpDef, TensorDef, build_model

from edgecheck.quantization import dequantize, params_of_range, quantize, representable_range
from edgecheck.tflite.constants import Constants
from edgecheck.tflite.reader import read_model
from edgecheck.tflite.recalibrate.activation_ranges import (
    changed_params,
    changed_ports,
    stored_ranges,
)
from edgecheck.tflite.recalibrate.recalibrated import BiasOverflow, recalibrated
from edgecheck.tflite.recalibrate.same_scale import groups


@pytest.mark.parametrize("runtime", ["litert", "tflite-runtime", "tensorflow"])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("factor", "dtype"), [(0.15, "int8"), (30.0, "int8"), (0.05, "int16")])
def test_true_ranges_restore_a_file_with_wrong_ones(runtime, seed, factor, dtype):
    net = conv_net(seed, dtype)
    rows = np.random.default_rng(seed + 100).normal(0, 1, (40, 8, 8, 2))
    ranges = true_ranges(net, rows)
    wrong = tied(scaled(ranges, factor))
    broken = net.as_codes(wrong, dtype)
    fixed = recalibrated(broken, read_model(broken), keyed(ranges))
    truth = run(net.as_float(), rows)[-1]
    assert sqnr(truth, run(broken, rows, runtime)[-1]) < 15
    assert sqnr(truth, run(fixed, rows, runtime)[-1]) > 25


def stored_params(data):
    return {tensor.index: tensor.quantization for tensor in read_model(data).subgraphs[0].tensors}


def constants_of(data):
    constants, graph = Constants.of(data), read_model(data).subgraphs[0]
    found = {tensor.index: constants.stored(tensor) for tensor in graph.tensors}
    return {index: values for index, values in found.items() if values is not None}


@pytest.fixture(scope="module")
def net():
    """A network, its ranges on data, and its file with ranges a third as wide."""
    made = conv_net(0)
    rows = np.random.default_rng(1).normal(0, 1, (20, 8, 8, 2))
    ranges = tied(true_ranges(made, rows))
    return made, ranges, made.as_codes(scaled(ranges, 1 / 3))


def test_the_stored_ranges_change_no_byte(net):
    data = net[2]
    assert recalibrated(data, read_model(data), stored_ranges(read_model(data))) is data


def test_no_ranges_change_no_byte(net):
    assert recalibrated(net[2], read_model(net[2]), {}) is net[2]


@given(st.floats(0.1, 10), st.floats(0.1, 10))
@settings(max_examples=20, deadline=None)
def test_calibrating_twice_is_calibrating_once_with_the_last(net, first, second):
    _made, ranges, data = net
    model = read_model(data)
    wanted = keyed(scaled(ranges, second))
    once = recalibrated(data, model, wanted)
    between = recalibrated(data, model, keyed(scaled(ranges, first)))
    twice = recalibrated(between, read_model(between), wanted)
    assert stored_params(once) == stored_params(twice)
    for index, codes in constants_of(once).items():
        # A bias that was rounded before is off by half a step of both.
        room = 1 if index not in {2, 5, 14} else np.ceil(0.5 + 0.5 * (first / second))
        assert np.abs(codes.astype(float) - constants_of(twice)[index]).max() <= room


def test_each_bias_keeps_its_real_values(net):
    _made, ranges, data = net
    fixed = recalibrated(data, read_model(data), keyed(ranges))
    old, new = stored_params(data), stored_params(fixed)
    for source, weights, bias in [(0, 1, 2), (3, 4, 5), (12, 13, 14)]:
        steps = np.float32(np.float64(new[source].scales[0]) * np.float64(new[weights].scales))
        assert new[bias].scales == tuple(steps.tolist())
        before = dequantize(constants_of(data)[bias], old[bias])
        after = dequantize(constants_of(fixed)[bias], new[bias])
        assert np.abs(after - before).max() <= steps.max() * 0.5001


def test_only_activations_and_biases_change(net):
    made, ranges, data = net
    fixed = recalibrated(data, read_model(data), keyed(ranges))
    old, new = constants_of(data), constants_of(fixed)
    assert {index for index in old if old[index].tobytes() != new[index].tobytes()} == {2, 5, 14}
    changed = {i for i, params in stored_params(data).items() if params != stored_params(fixed)[i]}
    assert changed == {*made.activations(), 2, 5, 14}
    before, after = read_model(data), read_model(fixed)
    assert len(fixed) == len(data)
    assert (after.metadata, after.signatures, after.description, after.operator_codes) == (
        before.metadata, before.signatures, before.description, before.operator_codes
    )  # fmt: skip
    assert after.subgraphs[0].operators == before.subgraphs[0].operators
    assert b"kept" in fixed


def test_a_layer_whose_input_keeps_its_range_keeps_its_bias(net):
    _made, _ranges, data = net
    fixed = recalibrated(data, read_model(data), {(0, 15): (-50.0, 60.0)})
    old, new = constants_of(data), constants_of(fixed)
    assert all(old[index].tobytes() == new[index].tobytes() for index in old)
    assert stored_params(fixed)[15].scales == params_of_range(-50, 60, "int8").scales


def test_tied_tensors_get_the_union_of_their_ranges(net):
    data = net[2]
    fixed = recalibrated(data, read_model(data), {(0, 6): (-1.0, 2.0), (0, 9): (-3.0, 1.0)})
    found = stored_params(fixed)
    expected = params_of_range(-3.0, 2.0, "int8")
    assert [found[i].scales for i in (6, 7, 8, 9)] == [expected.scales] * 4
    assert [found[i].zero_points for i in (6, 7, 8, 9)] == [expected.zero_points] * 4


def test_one_tensor_of_each_group_can_be_chosen(net):
    data = net[2]
    found = [group for group in groups(data, read_model(data)) if not group.is_fixed]
    assert {group.members[0] for group in found} == {(0, i) for i in (0, 3, 6, 10, 15)}


def test_a_range_of_zero_keeps_what_is_stored(net):
    data = net[2]
    assert recalibrated(data, read_model(data), {(0, 3): (0.0, 0.0)}) is data


@pytest.mark.parametrize("ends", [(float("nan"), 1.0), (2.0, 1.0), (0.0, float("inf"))])
def test_what_is_no_range_is_refused(net, ends):
    with pytest.raises(ValueError, match="low <= high"):
        recalibrated(net[2], read_model(net[2]), {(0, 3): ends})


def test_ports_whose_steps_change_are_listed(net):
    _made, _ranges, data = net
    before = read_model(data)
    after = read_model(recalibrated(data, before, {(0, 0): (-9.0, 9.0), (0, 3): (0.0, 5.0)}))
    ((old, new),) = changed_ports(before, after)
    assert old.name == new.name == "x"
    assert new.tensor.quantization.scales[0] == pytest.approx(18 / 255)
    assert changed_ports(before, before) == ()


def test_a_tiny_output_range_is_widened_to_what_kernels_load():
    rows = np.random.default_rng(0).normal(0, 1, (4, 6))
    data = int8_dense(np.eye(3, 6) * 5, np.ones(3), (-4, 4), (-20, 20))
    fixed = recalibrated(data, read_model(data), {(0, 3): (0.0, 1e-5)})
    steps = [stored_params(fixed)[i].scales[0] for i in (0, 1, 3)]
    assert steps[0] * steps[1] / steps[2] == pytest.approx(255)
    assert run(fixed, rows)[0].shape == (4, 3)


def test_a_bias_without_room_is_named():
    data = int8_dense(np.eye(3, 6), np.full(3, 1e4), (-4, 4), (-2e4, 2e4))
    with pytest.raises(BiasOverflow) as caught:
        recalibrated(data, read_model(data), {(0, 0): (-1e-6, 1e-6)})
    assert (caught.value.name, caught.value.tensor, caught.value.source) == ("bias", (0, 2), (0, 0))


def test_a_channel_without_room_for_its_bias_gets_wider_weights():
    """The step of an almost dead channel is tiny, and its bias near 2**31 such steps."""
    net = Net()
    x = net.tensor(1, 4)
    weights = np.random.default_rng(0).normal(0, 1, (3, 4))
    weights[1] *= 2e-7
    out = net.layer("FULLY_CONNECTED", x, weights, 0, (1, 3), 5)
    net.constants[2] = (np.array([0.5, 0.9, -0.5]), None, (0, 1))
    data = net.as_codes({x: (-2000.0, 2000.0), out: (-30.0, 30.0)})
    fixed = recalibrated(data, read_model(data), {(0, x): (-4.0, 4.0)})
    old, new = stored_params(data)[1].scales, stored_params(fixed)[1].scales
    assert (new[0], new[2]) == (old[0], old[2])
    assert new[1] > old[1]
    rows = np.random.default_rng(1).normal(0, 1, (30, 4))
    for runtime in ("litert", "tflite-runtime"):
        truth, found = run(net.as_float(), rows)[0], run(fixed, rows, runtime)[0]
        assert np.abs(found - truth).max() < 2 * 60 / 255


def test_a_constant_that_shares_parameters_keeps_its_real_value():
    params = params_of_range(-2.0, 6.0, "int8")
    scale, zero = params.scales[0], params.zero_points[0]
    value = quantize(np.float32([1.5]), params, "int8")
    tensors = [
        TensorDef("x", (1, 4), "int8", scale, zero),
        TensorDef("paddings", (2, 2), "int32", data=np.array([[0, 0], [1, 1]])),
        TensorDef("value", (1,), "int8", scale, zero, data=value),
        TensorDef("y", (1, 6), "int8", scale, zero),
    ]
    data = build_model(tensors, [OpDef("PADV2", [0, 1, 2], [3], 2)], [0], [3])
    fixed = recalibrated(data, read_model(data), {(0, 0): (-1.0, 3.0)})
    found = stored_params(fixed)
    assert found[0] == found[2] == found[3] != params
    assert dequantize(constants_of(fixed)[2], found[2])[0] == pytest.approx(1.5, abs=4 / 255)


def test_parameters_that_change_are_given_before_writing(net):
    _made, ranges, data = net
    changed = changed_params(data, read_model(data), {(0, 0): ranges[0]})
    assert set(changed) == {(0, 0)}
    assert representable_range(changed[0, 0], "int8") == pytest.approx(ranges[0], rel=0.01)
