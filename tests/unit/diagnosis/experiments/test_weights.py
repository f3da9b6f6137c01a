"""Weights of the reference in place of suspected ones, and biases stored anew."""

from dataclasses import replace

import numpy as np
import pytest
from benches import bench_of
from models import float_dense
from reports import finding
from two_layers import BIASES, ROWS, SECOND, float_net, int8_net

from edgecheck.diagnosis.experiments.bench import Impossible
from edgecheck.diagnosis.experiments.biases import refit_biases
from edgecheck.diagnosis.experiments.nonfinite import without_nonfinite
from edgecheck.diagnosis.experiments.reference_weights import from_reference
from edgecheck.tflite.reader import read_model
from edgecheck.tflite.recalibrate.recalibrated import with_matching_biases


@pytest.fixture(autouse=True)
def litert():
    pytest.importorskip("ai_edge_litert", reason="LiteRT runs the models here")


def differs(index):
    return [finding("layer-weights-differ", role="cause", evidence={"index": index})]


def zeroed():
    broken = SECOND.copy()
    broken[:4] = 0
    return broken


def test_a_changed_layer_is_undone_in_the_twin(tmp_path):
    bench = bench_of(tmp_path, int8_net(second=zeroed()), ROWS, reference=float_net())
    found = from_reference(bench, differs(1), differs(1))
    assert found.effect == "restored"
    assert found.proof.action == "weights of 1 layer replaced by the reference's in the float twin"


def test_the_wrong_layer_undoes_nothing(tmp_path):
    bench = bench_of(tmp_path, int8_net(second=zeroed()), ROWS, reference=float_net())
    assert from_reference(bench, differs(0), differs(0)).effect in {"none", "unclear"}


def test_nan_in_a_float_file_is_undone_in_the_file_itself(tmp_path):
    broken = SECOND.copy()
    broken[2, 3] = np.nan
    bench = bench_of(tmp_path, float_net(second=broken), ROWS, reference=float_net())
    found = from_reference(bench, [finding("nan-or-inf-weights", role="cause")], [])
    assert (found.effect, found.proof.metric, found.proof.after) == ("restored", "finite_share", 1)
    assert found.proof.before == pytest.approx(0.8)


NAN = [finding("nan-or-inf-weights", role="cause")]


def without_weights(folder, data):
    """A bench whose reference does not tell its weights, as a trained model."""
    bench = bench_of(folder, data, ROWS, reference=float_net())
    return replace(bench, reference_weights=())


LARGEST = np.finfo(np.float32).max


@pytest.mark.parametrize("value", [np.nan, np.inf, LARGEST, -LARGEST])
def test_nan_is_undone_by_zeros_where_the_reference_tells_no_weights(tmp_path, value):
    """The largest float is what converters store for infinity."""
    broken = SECOND.copy()
    broken[2, 3] = value
    found = without_nonfinite(without_weights(tmp_path, float_net(second=broken)), NAN, [])
    assert found.proof.action == "1 weight that is NaN or infinite set to 0"
    assert (found.proof.metric, found.proof.after) == ("finite_share", 1)
    assert found.effect == "restored"


def test_zeros_are_not_tried_where_nothing_is_nan_or_no_reference_is_there(tmp_path):
    bench = without_weights(tmp_path, float_net())
    with pytest.raises(Impossible, match="no weight is NaN"):
        without_nonfinite(bench, NAN, [])
    with pytest.raises(Impossible, match="no reference"):
        without_nonfinite(replace(bench, setup=replace(bench.setup, reference=None)), NAN, [])


@pytest.mark.parametrize("rule", ["weights-not-loaded", "wrong-model-file"])
def test_the_weights_of_a_whole_model_are_undone(tmp_path, rule):
    rng = np.random.default_rng(5)
    drawn = rng.normal(size=SECOND.shape).astype(np.float32)
    bench = bench_of(tmp_path, int8_net(second=drawn), ROWS, reference=float_net())
    found = from_reference(bench, [finding(rule, role="cause")], [])
    assert found.effect == "restored"
    assert found.proof.action == "weights of 2 layers replaced by the reference's in the float twin"


def test_without_a_reference_file_no_weights_are_known(tmp_path):
    with pytest.raises(Impossible, match="reference"):
        from_reference(bench_of(tmp_path, int8_net(), ROWS), differs(1), [])


def test_layers_without_a_counterpart_are_left(tmp_path):
    other = float_dense(np.ones((5, 12)).astype(np.float32), BIASES[1])
    bench = bench_of(tmp_path, int8_net(second=zeroed()), ROWS, reference=other)
    with pytest.raises(Impossible, match="counterpart"):
        from_reference(bench, differs(1), [])


def test_biases_in_wrong_steps_are_stored_anew(tmp_path):
    bench = bench_of(tmp_path, int8_net(bias_factor=8.0), ROWS, reference=float_net())
    found = refit_biases(bench, [finding("bias-overflow", evidence={"kind": "scale"})], [])
    assert found.effect == "restored"


def test_clipped_biases_are_those_of_the_reference(tmp_path):
    biases = BIASES[0], np.full(5, -1e9, np.float32)
    bench = bench_of(tmp_path, int8_net(biases=biases), ROWS, reference=float_net())
    found = refit_biases(bench, [finding("bias-overflow", evidence={"kind": "clipped"})], [])
    assert found.effect == "restored"


def test_biases_that_are_right_are_left(tmp_path):
    data = int8_net()
    assert with_matching_biases(data, read_model(data)) == data
    with pytest.raises(Impossible, match="every bias"):
        refit_biases(
            bench_of(tmp_path, data, ROWS),
            [finding("bias-overflow", evidence={"kind": "scale"})],
            [],
        )
