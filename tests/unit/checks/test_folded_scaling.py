"""A scaling of pixels that is folded into the first layer shows in the size of its weights."""

from dataclasses import replace

import numpy as np
import pytest
from evidence import (
    alone,
    compared,
    evidence,
    passed_over,
    seen_input,
    seen_labels,
    seen_output,
    seen_pair,
    spec,
)
from models import OpDef, TensorDef, build_model

from edgecheck.checks import normalization
from edgecheck.compare.binding import bind_inputs
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.reader import read_model

UNIT = {"kind": "image", "steps": ("decode", {"rescale": {"scale": 1 / 255}})}
RAW = {"kind": "image", "steps": ("decode",)}
STILL = seen_output(spread=0.0, largest=0.5)
NEARLY = seen_output(spread=0.001, largest=0.5)
MOVING = seen_output(spread=0.4, largest=0.5)


def weights(gain):
    """Even ones that pass on about so much of what they get."""
    return np.random.default_rng(0).normal(0, gain / 4, (16, 16)).astype(np.float32)


def dense(first=1 / 255, second=1.0, *, before=(), between=(), last=None, kind="float32"):
    """Two layers of 16 values, with operators before, between and after them.

    An operator is its name, or that and a constant; the first layer's weights may be given.
    """
    params = {"dtype": "int8", "scale": 1 / 255, "zero_point": -128} if kind == "int8" else {}
    tensors, operators, chain = [TensorDef("image", (1, 16), **params)], [], 0
    made = first if isinstance(first, np.ndarray) else weights(first)
    steps = [*before, ("FULLY_CONNECTED", made), *between, ("FULLY_CONNECTED", weights(second))]
    for step in [*steps, *([last] if last else [])]:
        name, constant = (step, None) if isinstance(step, str) else step
        sources = [chain]
        if constant is not None:
            tensors.append(TensorDef(f"c{len(tensors)}", constant.shape, data=constant))
            sources.append(len(tensors) - 1)
        tensors.append(TensorDef(f"t{len(tensors)}", (1, 16)))
        chain = len(tensors) - 1
        sources += [-1] if name == "FULLY_CONNECTED" else []
        operators.append(OpDef(name, sources, [chain]))
    return build_model(tensors, operators, [0], [chain])


def found(data, section=UNIT, *, output=STILL, pair=None, distinct=200, seen=None, **changes):
    model = read_model(data)
    contract = contract_of(model)
    told = seen or replace(
        compared(pair=pair or seen_pair(), **changes), candidate=output, reference=output
    )
    case = evidence(
        spec=spec({"image": section}),
        model=model,
        contract=contract,
        bound=bind_inputs(["image"], contract),
        data=data,
        comparison=passed_over(told, inputs=(seen_input(distinct=distinct),)),
    )
    return list(normalization.check(case))


def severities(data, **options):
    return [finding.severity for finding in found(data, **options)]


def test_a_first_layer_made_for_pixels_that_gets_scaled_ones_is_an_error_where_outputs_stand_still():
    (finding,) = found(dense())
    assert (finding.rule, finding.severity) == ("input-double-normalized", "error")
    assert "is normalised twice" in finding.message
    assert 'first layer ("FULLY_CONNECTED"), which passes on 0.0' in finding.message
    assert "It is made for pixels 0 to 255, 255 times wider, which become 0 to" in finding.message


@pytest.mark.parametrize("output", [MOVING, NEARLY, seen_output(spread=2.5, largest=300.0)])
def test_outputs_that_move_leave_a_doubt_whatever_offset_they_have(output):
    (finding,) = found(dense(), output=output)
    assert finding.severity == "warning"
    assert "may be normalised twice" in finding.message


@pytest.mark.parametrize("last", ["LOGISTIC", "SOFTMAX"])
def test_an_output_of_known_width_stands_still_where_it_hardly_moves(last):
    assert severities(dense(last=last), output=NEARLY) == ["error"]
    assert severities(dense(last=last), output=MOVING) == ["warning"]
    assert severities(dense(last=last), output=NEARLY, distinct=19) == ["warning"]


def test_a_calibration_that_saw_the_same_values_speaks_for_them_unless_outputs_stand_still():
    data = dense(kind="int8")
    assert severities(data, output=MOVING) == []
    assert severities(data) == ["error"]


@pytest.mark.parametrize(
    ("data", "section"),
    [
        (dense(), RAW),
        (dense(1.0), UNIT),
        (dense(0.06), UNIT),
        (dense(1 / 255, 1 / 255), UNIT),
        (dense(1e-6), UNIT),
        (dense(np.full((16, 16), 0.01, np.float32)), UNIT),
    ],
    ids=["raw pixels", "ordinary", "small ones", "all are tiny", "made for no pixels", "a mean"],
)
def test_nothing_is_said_of_layers_that_suit_what_they_get(data, section):
    assert found(data, section) == []


@pytest.mark.parametrize(
    "between",
    [
        [("MUL", np.full(16, 40.0, np.float32))],
        ["RELU", ("DIV", np.full(1, 0.02, np.float32))],
        ["RSQRT"],
        ["L2_NORMALIZATION"],
    ],
    ids=["factors", "divisors", "variance", "norm"],
)
def test_the_size_of_a_layer_means_nothing_that_is_normalised_behind(between):
    assert found(dense(between=between)) == []


def test_constants_that_make_little_larger_change_nothing():
    half = [("MUL", np.full(16, 0.5, np.float32)), ("ADD", np.full(16, 90.0, np.float32))]
    assert severities(dense(between=half)) == ["error"]


@pytest.mark.parametrize(("before", "hits"), [("RESHAPE", 1), ("PAD", 1), ("ABS", 0), ("LOG", 0)])
def test_the_first_layer_is_the_one_that_reads_the_pixels(before, hits):
    assert len(found(dense(before=[before]))) == hits


def test_labels_that_are_met_and_damaged_weights_say_otherwise():
    met = seen_labels(reference_accuracy=0.98, candidate_accuracy=0.98)
    assert found(dense(), output=MOVING, labels=met) == []
    lost = seen_pair(sqnr_db=4.0, sqnr_db_interval=(3.0, 5.0))
    assert found(dense(), pair=lost) == []


@pytest.mark.parametrize(("right", "expected"), [(1.0, []), (0.5, ["warning"])])
def test_labels_that_a_candidate_meets_alone_say_otherwise_too(right, expected):
    labels = seen_labels(reference_accuracy=None, candidate_accuracy=right, mcnemar_p=None)
    assert severities(dense(), seen=alone(candidate=MOVING, labels=labels)) == expected
