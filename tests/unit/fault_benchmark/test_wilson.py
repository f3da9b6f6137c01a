import pytest
from faults.wilson import share
from hypothesis import given
from hypothesis import strategies as st

Z = 1.959963984540054


def slow_ends(hits, n):
    """Ends of the p that a score test at 95 % does not refuse, by bisection."""

    def is_held(p):
        return (hits / n - p) ** 2 <= Z * Z * p * (1 - p) / n + 1e-15

    def edge(inside, outside):
        for _ in range(60):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if is_held(middle) else (inside, middle)
        return inside

    return edge(hits / n, 0.0), edge(hits / n, 1.0)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_interval_holds_what_a_score_test_does_not_refuse(counts):
    found = share(*counts)
    low, high = slow_ends(*counts)
    assert found.low == pytest.approx(low, abs=1e-6)
    assert found.high == pytest.approx(high, abs=1e-6)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_a_published_example():
    # Newcombe (1998), 81 of 263: 0.2553 to 0.3662 without continuity correction.
    found = share(81, 263)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)


def test_no_cases_give_no_share():
    assert share(0, 0).value is None
    assert share(0, 0).n == 0


def test_all_of_few_is_not_certain():
    assert share(5, 5).value == 1
    assert share(5, 5).low < 0.6
