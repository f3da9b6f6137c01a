"""One operator in float: a proof where that is enough, and no refutation where there are others."""

import pytest
from benches import bench_of
from reports import finding
from two_layers import ROWS, float_net, int8_net

from edgecheck.diagnosis.experiments.bench import Impossible
from edgecheck.diagnosis.experiments.float_operator import in_float


@pytest.fixture(autouse=True)
def litert():
    pytest.importorskip("ai_edge_litert", reason="LiteRT runs the models here")


def operator(index):
    return [finding("activation-sensitive-op", role="cause", evidence={"index": index})]


@pytest.mark.parametrize("reference", [None, float_net()], ids=["twin", "reference"])
def test_an_operator_whose_loss_is_undone_is_proven(reference, tmp_path):
    bench = bench_of(tmp_path, int8_net(reach=0.2), ROWS, reference=reference)
    found = in_float(bench, operator(0), [])
    assert found.effect == "restored"
    assert found.proof.action == "output of FULLY_CONNECTED (operator 0) taken from the float twin"


def test_other_operators_of_the_kind_may_lose_as_much(tmp_path):
    broken = int8_net(biases=(other_biases(), other_biases()[:5]))
    bench = bench_of(tmp_path, broken, ROWS, reference=float_net())
    with pytest.raises(Impossible, match="2 operators"):
        in_float(bench, operator(0), [])


def other_biases():
    """Far from those of the reference: the twin has them, too."""
    return 30 * ROWS[0, :10]


def test_a_finding_that_names_no_operator_has_no_experiment(tmp_path):
    bench = bench_of(tmp_path, int8_net(reach=0.2), ROWS, reference=float_net())
    nameless = [finding("activation-sensitive-op", role="cause", evidence={})]
    with pytest.raises(Impossible, match="names no operator"):
        in_float(bench, nameless, [])


def test_a_float_model_has_no_twin(tmp_path):
    with pytest.raises(Impossible, match="twin"):
        in_float(bench_of(tmp_path, float_net(), ROWS, reference=float_net()), operator(0), [])
