"""Features of unequal units that share one quantized step."""

from dataclasses import replace

import numpy as np
import pytest
from evidence import compared, evidence, passed_over, seen_input, seen_pair, spec, tensor
from models import int8_params

from edgecheck.checks.evidence import NotApplicable
from edgecheck.checks.feature_steps import check
from edgecheck.metrics.moments import Moments
from edgecheck.tflite.graph import Port

RAW = np.random.default_rng(3).normal([5000.0, 20.0, 0.4], [900.0, 6.0, 0.1], (200, 3))
LOST = seen_pair(agreement=0.2, agreement_interval=(0.1, 0.3))
KEPT = seen_pair(agreement=1.0, agreement_interval=(0.98, 1.0))


def found(values=RAW, fossil=(0, 8000), pair=LOST):
    moments = Moments(values.shape[1])
    moments.update(values.astype(np.float32))
    entry = replace(
        seen_input(name="row"),
        elements=values.size,
        low=float(values.min()),
        high=float(values.max()),
        clipped=int(((values < fossil[0]) | (values > fossil[1])).sum()),
        features=moments.compute(),
    )
    port = Port("row", tensor(shape=(1, 3), quantization=int8_params(*fossil)))
    case = evidence(
        spec=spec({"row": {}}, dataset={"path": "a.csv", "features": ("flow", "heat", "damp")}),
        ports={"row": port},
        comparison=passed_over(compared(pair=pair), inputs=(entry,)),
    )
    return list(check(case))


def test_features_that_one_step_swallows_are_named():
    (finding,) = found()
    assert (finding.rule, finding.severity) == ("in-graph-normalization-int8", "error")
    assert finding.evidence["lost_features"] == ["heat", "damp"]
    assert finding.evidence["step"] == pytest.approx(8000 / 255, rel=0.01)
    assert '"heat"' in finding.message


@pytest.mark.parametrize(
    "case",
    [
        {"pair": KEPT},  # they did not matter
        {"values": RAW / [900, 6, 0.1], "fossil": (0, 10)},  # on one scale
        {"fossil": (0, 400_000)},  # calibrated on something else
        {"fossil": (-3, 3)},  # the same, and cut off
    ],
)
def test_where_nothing_is_lost_or_the_range_is_wrong_itself_it_is_silent(case):
    assert found(**case) == []


def test_a_constant_feature_needs_no_codes():
    (finding,) = found(np.where([False, True, False], 7.0, RAW))
    assert finding.evidence["lost_features"] == ["damp"]


def test_without_a_run_it_is_skipped():
    with pytest.raises(NotApplicable):
        list(check(evidence(comparison=None)))
