"""A reshape where a transpose was meant, where the float model fails."""

import pytest
from evidence import compared, evidence, passed_over, seen_input, seen_labels, spec

from edgecheck.checks import reshaped_axes
from edgecheck.compare.trials import Trial
from edgecheck.preprocess.alternatives import Change

PICTURE = [{"decode": {"color": "RGB"}}, {"resize": {"size": (8, 8)}}]
GRAY = [{"decode": {"color": "L"}}, {"resize": {"size": (8, 6)}}]
PLANES = [*PICTURE, {"transpose": (2, 0, 1)}]


def case(steps, accuracy=0.1, **parts):
    labels = seen_labels(candidate_accuracy=accuracy, reference_accuracy=accuracy)
    return evidence(
        spec=spec({"image": {"kind": "image", "steps": tuple(steps)}}),
        comparison=passed_over(compared(labels=labels), inputs=(seen_input(),)),
        **parts,
    )


def rules(given):
    return [(f.rule, f.severity) for f in reshaped_axes.check(given)]


@pytest.mark.parametrize(
    "steps", [[*PLANES, {"reshape": (8, 8, 3)}], [*PICTURE, {"reshape": (3, 8, 8)}]]
)
def test_a_reshape_to_the_same_sizes_in_another_order_is_suspected_of_a_model_that_fails(steps):
    assert rules(case(steps)) == [("layout-nchw-nhwc", "warning")]
    assert rules(case(steps, accuracy=0.95)) == []


@pytest.mark.parametrize(
    "steps",
    [
        PICTURE,
        PLANES,
        [*PICTURE, {"reshape": (8, 8, 3)}],
        [*PICTURE, {"reshape": (4, 16, 3)}],
        [*PICTURE, {"reshape": (192,)}],
        [*GRAY, {"reshape": (1, 8, 6)}],  # moves an axis as a transpose would
        [{"reshape": (8, 8, 3)}],  # nobody knows of what
    ],
)
def test_steps_that_keep_or_move_the_axes_are_not(steps):
    assert rules(case(steps)) == []


@pytest.mark.parametrize("after", [100, 127])
def test_a_trial_that_tells_more_leaves_nothing_to_suspect(after):
    change = Change("layout", "channels-first bytes", key="nchw-as-nhwc")
    found = Trial("image", change, 128, 10, after, 1e-9)
    assert rules(case([*PLANES, {"reshape": (8, 8, 3)}], trials=(found,))) == []


def test_the_finding_says_both_sizes():
    (finding,) = reshaped_axes.check(case([*PLANES, {"reshape": (8, 8, 3)}]))
    assert "[8, 8, 3] of [3, 8, 8]" in finding.message
    assert "transpose" in finding.fix
