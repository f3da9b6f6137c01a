"""The candidate in the builtin kernels: what that shows, and when it shows nothing."""

from dataclasses import replace

import numpy as np
import pytest
from benches import bench_of
from evidence import compared, passed_over, seen_pair
from models import float_dense, int8_dense
from reports import finding

from edgecheck.diagnosis.experiments.bench import Bench, Impossible
from edgecheck.diagnosis.experiments.other_kernels import builtin_kernels

RANDOM = np.random.default_rng(3)
WEIGHTS = RANDOM.normal(0, 1, (3, 4)).astype(np.float32)
ROWS = RANDOM.uniform(-1, 1, (60, 4)).astype(np.float32)
DELEGATE = [finding("kernel-divergence", "warning", "note", evidence={"kind": "delegate"})]
KEPT = [finding("kernel-divergence", role="note", evidence={"kind": "kept-tensors"})]


@pytest.fixture
def bench(tmp_path):
    pytest.importorskip("ai_edge_litert", reason="LiteRT runs the models here")
    bias = np.zeros(3, np.float32)
    data = int8_dense(WEIGHTS, bias, (-1, 1), (-4, 4))
    return bench_of(tmp_path, data, ROWS, reference=float_dense(WEIGHTS, bias))


def test_kernels_that_agree_prove_nothing(bench):
    found = builtin_kernels(bench, DELEGATE, [])
    assert found.effect == "unclear"
    assert found.proof.before > 0.95
    assert found.proof.samples == 60


def test_kernels_need_not_agree_on_weights_that_are_no_numbers(bench):
    broken = finding("nan-or-inf-weights", role="cause")
    with pytest.raises(Impossible, match="NaN or infinite"):
        builtin_kernels(bench, DELEGATE, [broken])
    assert builtin_kernels(bench, DELEGATE, [finding("nan-or-inf-weights", "info", "cause")])


def test_kernels_that_differ_are_told_apart(bench, monkeypatch):
    """The sessions are those of the runtime; what came of them is made up."""
    asked = {}

    def measured(_bench, dataset, reference, variants):
        assert (len(dataset), reference.who) == (60, "reference")
        asked.update({variant.name: variant.kernels for variant in variants})
        lost = seen_pair(agreement=0.3, agreement_interval=(0.2, 0.4))
        return {
            variant.name: passed_over(
                compared(pair=lost if variant.kernels == "default" else seen_pair())
            )
            for variant in variants
        }

    monkeypatch.setattr(Bench, "measured", measured)
    assert builtin_kernels(bench, DELEGATE, []).effect == "restored"
    assert asked == {"default": "default", "builtin": "builtin"}


def test_without_a_delegate_there_are_no_other_kernels(bench):
    with pytest.raises(Impossible):
        builtin_kernels(replace(bench, kernels="builtin"), DELEGATE, [])
    with pytest.raises(Impossible):
        builtin_kernels(bench, KEPT, [])
