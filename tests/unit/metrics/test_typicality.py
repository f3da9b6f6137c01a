"""Typicality against loops, and against what exchangeable points must show."""

import numpy as np
import pytest

from edgecheck.metrics.typicality import typicality

RANDOM = np.random.default_rng(8)


def slow(points, point):
    def apart(a, b):
        return sum(abs(x - y) for x, y in zip(a, b, strict=True)) / len(a)

    mean = [sum(column) / len(points) for column in zip(*points, strict=True)]
    own = min(apart(point, other) for other in points)
    nearest = [
        min(apart(one, other) for j, other in enumerate(points) if j != i)
        for i, one in enumerate(points)
    ]
    central = [apart(one, mean) <= apart(point, mean) for one in points]
    return sum(d >= own for d in nearest) / len(points), sum(central) / len(points)


def test_it_is_what_loops_give():
    points = RANDOM.normal(0, 1, (40, 5))
    for point in (points[3], RANDOM.normal(0, 1, 5), RANDOM.normal(2, 1, 5)):
        found = typicality(points, point)
        assert (found.nearest, found.central) == pytest.approx(slow(points, point))


def test_one_of_the_points_is_next_to_itself():
    points = RANDOM.normal(0, 1, (40, 5))
    assert typicality(points, points[7]).nearest == 1.0


def test_an_outsider_is_nowhere_near_and_an_average_is_too_central():
    points = RANDOM.exponential(1, (200, 12))
    assert typicality(points, points.max(axis=0)).nearest == 0.0
    assert typicality(points, points.mean(axis=0)).central == 0.0


def test_the_ranks_of_exchangeable_points_are_uniform():
    found = [
        typicality(points[1:], points[0])
        for points in RANDOM.exponential(1, (400, 60, 6)) * RANDOM.uniform(0.1, 5, 6)
    ]
    for shares in ([t.nearest for t in found], [t.central for t in found]):
        for level in (0.1, 0.5, 0.9):
            assert np.mean(np.array(shares) <= level) == pytest.approx(level, abs=0.09)
