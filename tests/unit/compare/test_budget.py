import pytest

from edgecheck.compare.budget import BUDGET_MS, affordable


@pytest.mark.parametrize(
    ("latency_ms", "runs", "samples"),
    [(0.0, 1, 128), (0.1, 1, 128), (100.0, 1, 100), (10.0, 20, 50), (5000.0, 1, 32)],
)
def test_slow_models_get_fewer_samples_but_enough(latency_ms, runs, samples):
    assert affordable(latency_ms, runs, 32, 128) == samples
    if 32 < samples < 128:
        assert samples * latency_ms * runs <= BUDGET_MS


def test_a_purpose_may_have_a_budget_of_its_own():
    assert affordable(100.0, 1, 1, 1000, budget_ms=2500.0) == 25
