import numpy as np
import pytest
from evidence import compared, evidence, passed_over, seen_input, seen_labels, seen_output, spec
from models import OpDef, TensorDef, build_model, int8_params

from edgecheck.checks import normalization
from edgecheck.compare.binding import bind_inputs
from edgecheck.compare.trials import Trial
from edgecheck.preprocess.alternatives import Change
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.reader import read_model

DOUBLE, INSIDE = "input-double-normalized", "in-graph-normalization-int8"
TO_SIGNED = {"rescale": {"scale": 2 / 255, "offset": -1.0}}


def rescaling(factor=2 / 255, shift=-1.0, shape=(1, 4, 4, 3)):
    tensors = [
        TensorDef("image", shape),
        TensorDef("factor", (1,), data=np.full(1, factor)),
        TensorDef("scaled", shape),
        TensorDef("shift", (1,), data=np.full(1, shift)),
        TensorDef("output", shape),
    ]
    return build_model(tensors, [OpDef("MUL", [0, 1], [2]), OpDef("ADD", [2, 3], [4])], [0], [4])


def quantized(source, result, factor=2 / 255):
    """int8 input -> MUL -> output, with these ranges."""
    source, result = int8_params(*source), int8_params(*result)
    shape, step = (1, 4, 4, 3), float(np.float32(factor / 127))
    tensors = [
        TensorDef("image", shape, "int8", source.scales, source.zero_points),
        TensorDef("factor", (1,), "int8", step, data=np.full(1, 127)),
        TensorDef("output", shape, "int8", result.scales, result.zero_points),
    ]
    return build_model(tensors, [OpDef("MUL", [0, 1], [2])], [0], [2])


def found(data, section, comparison=None):
    model = read_model(data)
    contract = contract_of(model)
    case = evidence(
        spec=spec({"image": section}),
        model=model,
        contract=contract,
        bound=bind_inputs(["image"], contract),
        data=data,
        comparison=comparison,
    )
    return [(f.rule, f.severity) for f in normalization.check(case)]


def seen(low, high, **labels):
    entry = seen_input(low=low, high=high)
    told = compared(labels=seen_labels(**labels) if labels else None)
    return passed_over(told, inputs=(entry,))


@pytest.mark.parametrize(
    "section",
    [
        {"range": (-1.0, 1.0)},
        {"range": (0.0, 1.0)},
        {"range": (-2.2, 2.7)},
        {"kind": "image", "steps": ("decode", TO_SIGNED)},
        {"kind": "image", "steps": ("decode", {"preset": "keras/densenet"})},
    ],
)
@pytest.mark.parametrize("constants", [(2 / 255, -1), (1 / 255, 0), (1 / 58.4, -2.1)])
def test_pixels_that_are_normalised_twice_are_an_error(section, constants):
    assert found(rescaling(*constants), section) == [(DOUBLE, "error")]


@pytest.mark.parametrize(
    ("data", "section"),
    [
        (rescaling(), {"range": (0.0, 255.0)}),
        (rescaling(), {"kind": "image", "steps": ("decode",)}),
        (rescaling(1.0, 0.0), {"range": (-1.0, 1.0)}),
        (rescaling(2.0, -1.0), {"range": (0.0, 1.0)}),  # 0..1 to -1..1
        (rescaling(1 / 0.229, -2.1), {"range": (0.0, 1.0)}),  # mean and deviation of 0..1
        (rescaling(1e-6, 0.0), {"range": (0.0, 1.0)}),  # for no pixels
        (rescaling(shape=(1, 640)), {"range": (-1.0, 1.0)}),  # no image
        (rescaling(), {}),  # nothing known
        (quantized((-1, 1), (-0.008, 0.008)), {"range": (-1.0, 1.0)}),  # calibrated that way
    ],
)
def test_scaling_that_fits_has_no_finding(data, section):
    assert found(data, section) == []


def test_labels_that_show_a_working_reference_leave_no_doubt():
    data, section = rescaling(), {"range": (0.0, 1.0)}
    assert found(data, section, seen(0, 1, reference_accuracy=0.9)) == []
    assert found(data, section, seen(0, 1, reference_accuracy=0.3)) == [(DOUBLE, "error")]


def test_raw_pixels_that_are_clearly_better_prove_it():
    change = Change("scaling", "raw pixels", (0.0, 255.0), (), ())
    trial = Trial("image", change, 64, 7, 62, 1e-9)
    model = read_model(rescaling())
    contract = contract_of(model)
    told = seen(-1.0, 1.0, reference_accuracy=0.11)
    case = evidence(
        spec=spec({"image": {"kind": "image", "steps": ("decode", TO_SIGNED)}}),
        model=model,
        contract=contract,
        bound=bind_inputs(["image"], contract),
        data=rescaling(),
        comparison=told,
        trials=(trial,),
    )
    (finding,) = normalization.check(case)
    assert (finding.rule, finding.severity) == (DOUBLE, "error")
    assert (finding.proof.before, finding.proof.after) == (7 / 64, 62 / 64)
    assert "take `rescale: {scale: 0.00784313725, offset: -1}` out of the spec" in finding.fix


def test_data_alone_are_a_warning_unless_the_reference_fails():
    assert found(rescaling(), {}, seen(0, 1)) == [(DOUBLE, "warning")]
    assert found(rescaling(), {}, seen(0, 1, reference_accuracy=0.1)) == [(DOUBLE, "error")]
    assert found(rescaling(), {}, seen(0, 255)) == []


def test_dark_samples_do_not_count_where_steps_say_more():
    section = {"kind": "image", "steps": ("decode",)}
    assert found(rescaling(), section, seen(0, 9)) == []


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ((0, 2), []),
        ((0, 1.85), []),  # coverage 0.93, as in a healthy published file
        ((0, 1.6), [(INSIDE, "warning")]),
        ((0, 0.5), [(INSIDE, "warning")]),
        ((0, 9), []),  # too wide costs resolution only
    ],
)
def test_a_quantized_result_has_to_hold_what_the_constants_make(result, expected):
    assert found(quantized((0, 255), result), {"range": (0.0, 255.0)}) == expected


def test_a_file_without_leading_constants_is_left_alone():
    model = build_model([TensorDef("image", (1, 4, 4, 3))], [], [0], [0])
    assert found(model, {"range": (-1.0, 1.0)}) == []
    assert list(normalization.check(evidence())) == []


def test_a_single_class_says_nothing_about_the_reference():
    one = passed_over(
        compared(reference=seen_output(), labels=seen_labels(class_counts={1: 200})),
        inputs=(seen_input(low=0, high=1),),
    )
    assert found(rescaling(), {"range": (0.0, 1.0)}, one) == [(DOUBLE, "error")]
