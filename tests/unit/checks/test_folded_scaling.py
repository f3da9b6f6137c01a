"""A scaling of pixels that is folded into the first layer shows in the size of its weights."""

from dataclasses import replace

import numpy as np
import pytest
from evidence import compared, evidence, passed_over, seen_labels, seen_output, seen_pair, spec
from models import OpDef, TensorDef, build_model

from edgecheck.checks import normalization
from edgecheck.compare.binding import bind_inputs
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.reader import read_model

UNIT = {"kind": "image", "steps": ("decode", {"rescale": {"scale": 1 / 255}})}
RAW = {"kind": "image", "steps": ("decode",)}
STILL = seen_output(spread=0.001, largest=0.5)
MOVING = seen_output(spread=0.4, largest=0.5)


def dense(first=1 / 255, second=1.0):
    """Two layers of even weights that pass on about so much of what they get."""
    rng = np.random.default_rng(0)
    layers = [rng.normal(0, gain / 4, (16, 16)) for gain in (first, second)]
    tensors = [
        TensorDef("image", (1, 16)),
        TensorDef("w1", (16, 16), data=layers[0]),
        TensorDef("inner", (1, 16)),
        TensorDef("w2", (16, 16), data=layers[1]),
        TensorDef("output", (1, 16)),
    ]
    operators = [OpDef("FULLY_CONNECTED", [at, at + 1, -1], [at + 2]) for at in (0, 2)]
    return build_model(tensors, operators, [0], [4])


def found(data, section=UNIT, *, output=STILL, pair=None, **changes):
    model = read_model(data)
    contract = contract_of(model)
    told = replace(
        compared(pair=pair or seen_pair(), **changes), candidate=output, reference=output
    )
    case = evidence(
        spec=spec({"image": section}),
        model=model,
        contract=contract,
        bound=bind_inputs(["image"], contract),
        data=data,
        comparison=passed_over(told),
    )
    return list(normalization.check(case))


def test_a_first_layer_made_for_pixels_that_gets_scaled_ones_is_an_error_where_outputs_stand_still():
    (finding,) = found(dense())
    assert (finding.rule, finding.severity) == ("input-double-normalized", "error")
    assert 'first layer ("FULLY_CONNECTED"), which passes on 0.004 of what it' in finding.message
    assert "255 times wider, which become 0 to" in finding.message


def test_outputs_that_move_leave_a_doubt():
    (finding,) = found(dense(), output=MOVING)
    assert finding.severity == "warning"


@pytest.mark.parametrize(
    ("data", "section"),
    [
        (dense(), RAW),
        (dense(1.0), UNIT),
        (dense(0.06), UNIT),
        (dense(1 / 255, 1 / 255), UNIT),
        (dense(1e-6), UNIT),
    ],
    ids=["raw pixels", "ordinary weights", "small ones", "all are tiny", "made for no pixels"],
)
def test_nothing_is_said_of_layers_that_suit_what_they_get(data, section):
    assert found(data, section) == []


def test_labels_that_are_met_and_damaged_weights_say_otherwise():
    met = seen_labels(reference_accuracy=0.98, candidate_accuracy=0.98)
    assert found(dense(), output=MOVING, labels=met) == []
    lost = seen_pair(sqnr_db=4.0, sqnr_db_interval=(3.0, 5.0))
    assert found(dense(), pair=lost) == []
