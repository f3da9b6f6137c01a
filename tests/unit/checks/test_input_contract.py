import math

import pytest
from evidence import evidence, passed_over, seen_input, spec, tensor

from edgecheck.checks import input_contract
from edgecheck.checks.evidence import NotApplicable
from edgecheck.quantization import QuantParams
from edgecheck.tflite.graph import Contract, Port


def rules(check, **changes):
    return [(f.rule, f.severity) for f in check(evidence(**changes))]


def shaped(stored, wanted, signature=None, **described):
    port = Port("image", tensor(shape=stored, shape_signature=signature or stored))
    return {"ports": {"image": port}, "spec": spec({"image": {"shape": wanted, **described}})}


def test_inputs_that_match_have_no_finding():
    assert rules(input_contract.check_names) == []


def test_inputs_that_do_not_match_are_a_finding():
    assert rules(input_contract.check_names, bound=None) == [("input-count-mismatch", "error")]


@pytest.mark.parametrize(
    ("stored", "signature", "wanted"),
    [
        ((1, 8, 8, 3), None, (8, 8, 3)),
        ((1, 1, 1, 3), (-1, -1, -1, 3), (8, 8, 3)),
        ((8, 8, 3), None, (8, 8, 3)),  # no batch axis, and one run takes one sample
        ((1, 4), None, (4,)),
        ((1,), None, ()),
    ],
)
def test_shapes_that_fit_have_no_finding(stored, signature, wanted):
    assert rules(input_contract.check_shapes, **shaped(stored, wanted, signature)) == []


@pytest.mark.parametrize(
    ("stored", "wanted", "rule"),
    [
        ((1, 3, 8, 8), (8, 8, 3), "layout-nchw-nhwc"),
        ((1, 8, 8, 3), (3, 8, 8), "layout-nchw-nhwc"),
        ((1, 8, 8, 1), (8, 8, 3), "channel-count-mismatch"),
        ((1, 9, 8, 3), (8, 8, 3), "input-shape-mismatch"),
        ((1, 9, 8, 8), (3, 8, 8), "input-shape-mismatch"),
        ((1, 5), (4,), "input-shape-mismatch"),
        ((1, 64), (8, 8), "input-rank-or-batch-missing"),
        ((8, 8), (8, 8, 1), "input-rank-or-batch-missing"),
        ((16, 8, 8, 3), (8, 8, 3), "input-rank-or-batch-missing"),
        ((2, 4), (4,), "input-rank-or-batch-missing"),
    ],
)
def test_the_most_telling_rule_names_a_wrong_shape(stored, wanted, rule):
    assert rules(input_contract.check_shapes, **shaped(stored, wanted)) == [(rule, "error")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({}, "states no shape"), ({"bound": None}, "do not match")],
)
def test_shapes_that_are_not_known_are_skipped(changes, reason):
    with pytest.raises(NotApplicable, match=reason):
        rules(input_contract.check_shapes, **changes)


def typed(dtype, quantization=None, fractional=0):
    port = Port("image", tensor(dtype=dtype, quantization=quantization))
    seen = passed_over(inputs=(seen_input(fractional=fractional),))
    return {"ports": {"image": port}, "comparison": seen}


@pytest.mark.parametrize(
    "case",
    [
        typed("float32"),
        typed("float16"),
        typed("int32"),
        typed("int8", QuantParams((0.1,), (0,)), fractional=500),
        typed("float32", QuantParams((), ())),
        typed("bool"),
    ],
)
def test_types_that_take_numbers_have_no_finding(case):
    fractions = case["comparison"].inputs[0].fractional
    assert fractions == 0 or case["ports"]["image"].tensor.quantization is not None
    if fractions:  # a tracker counts none where there is a scale
        case["comparison"] = None
    assert rules(input_contract.check_dtypes, **case) == []


@pytest.mark.parametrize(
    "case",
    [
        typed("string"),
        typed("complex64"),
        typed("int4"),
        typed("type-77"),
        typed("int32", fractional=3),
        typed("int8", QuantParams((0.0,), (0,))),
        typed("int8", QuantParams((math.nan,), (0,))),
    ],
)
def test_types_that_cannot_take_the_values_are_a_finding(case):
    assert rules(input_contract.check_dtypes, **case) == [("input-dtype-mismatch", "error")]


def counted(*steps):
    """An input of whole numbers beside a spec whose steps end in these; all pictures are black."""
    section = {"kind": "image", "steps": ("decode", *steps)}
    return {**typed("int32"), "spec": spec({"image": section})}


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [{"rescale": {"scale": 2, "offset": -128}}],
        [{"rescale": {"scale": 0.5}}, {"cast": "int32"}],
        [{"rescale": {"scale": 0.00392156863}}, {"rescale": {"scale": 255}}],
        [
            {"rescale": {"scale": 0.0078431, "offset": -1}},
            {"rescale": {"scale": 127.5, "offset": 127.5}},
        ],
    ],
)
def test_steps_that_keep_whole_numbers_whole_have_no_finding(steps):
    assert rules(input_contract.check_dtypes, **counted(*steps)) == []


@pytest.mark.parametrize("step", [{"scale": 1 / 255}, {"scale": 1, "offset": -127.5}])
def test_steps_that_make_fractions_of_pixels_are_a_finding_though_all_values_are_whole(step):
    case = counted({"rescale": step})
    assert rules(input_contract.check_dtypes, **case) == [("input-dtype-mismatch", "error")]


def test_types_of_unbound_inputs_are_skipped():
    with pytest.raises(NotApplicable, match="do not match"):
        rules(input_contract.check_dtypes, bound=None)


def test_channels_come_first_where_the_layout_says_so():
    shapes = shaped((1, 9, 8, 8), (3, 8, 8), layout="NCHW")
    assert rules(input_contract.check_shapes, **shapes) == [("channel-count-mismatch", "error")]


def by_steps(stored, *steps, signature=None, shape=None):
    port = Port("image", tensor(shape=stored, shape_signature=signature or stored))
    section = {"kind": "image", "steps": ("decode", *steps), "shape": shape}
    return {"ports": {"image": port}, "spec": spec({"image": section})}


TO_EIGHT = {"resize": {"size": (8, 8)}}


def test_the_shape_that_the_steps_make_is_judged_without_a_stated_one():
    check = input_contract.check_shapes
    assert rules(check, **by_steps((1, 8, 8, 3), TO_EIGHT)) == []
    assert rules(check, **by_steps((1, 9, 8, 3), TO_EIGHT)) == [("input-shape-mismatch", "error")]
    assert rules(check, **by_steps((1, 8, 8, 1), TO_EIGHT)) == [("channel-count-mismatch", "error")]
    assert rules(check, **by_steps((1, 3, 8, 8), TO_EIGHT)) == [("layout-nchw-nhwc", "error")]
    both = by_steps((1, 9, 9, 3), TO_EIGHT, shape=(9, 9, 3))
    assert rules(check, **both) == [("input-shape-mismatch", "error")]


@pytest.mark.parametrize(
    ("signature", "changes", "rule"),
    [
        ((-1, 8, 8, 3), {}, None),  # an open batch
        ((1, 8, 8, 3), {}, None),
        ((1, -1, -1, 3), {}, "dynamic-shape-unresolved"),
        ((-1, 8, -1, 3), {}, "dynamic-shape-unresolved"),
        ((1, -1, -1, 3), {"shape": (8, 8, 3)}, None),
        ((1, -1, -1, 3), {"steps": [TO_EIGHT]}, None),
    ],
)
def test_open_sizes_have_to_be_settled(signature, changes, rule):
    steps = changes.pop("steps", [])
    case = by_steps((1, 8, 8, 3), *steps, signature=signature, **changes)
    expected = [(rule, "warning")] if rule else []
    assert rules(input_contract.check_dynamic, **case) == expected


def order(*names, outputs=("a",), signature="main", shapes=None):
    ports = tuple(
        Port(name, tensor(index, shape=(shapes or {}).get(name, (1, 4))))
        for index, name in enumerate(names)
    )
    given = tuple(Port(name, tensor(9, shape=(1, 3))) for name in outputs)
    contract = Contract(ports, given, 0, signature, has_state=False)
    return rules(input_contract.check_order, contract=contract)


@pytest.mark.parametrize(
    ("names", "changes"),
    [
        (("a", "b"), {}),
        (("b",), {}),
        (("b", "a"), {"signature": None}),
        (("b", "a"), {"shapes": {"a": (1, 5)}}),  # another shape cannot be mixed up silently
        (("a",), {"outputs": ("x", "y")}),
    ],
)
def test_orders_that_agree_or_do_not_matter_have_no_finding(names, changes):
    assert order(*names, **changes) == []


def test_orders_that_differ_are_a_warning():
    assert order("b", "a") == [("io-order-swapped", "warning")]
    assert order("c", "a", "b", shapes={"c": (1, 9)}) == []
    assert order("a", outputs=("y", "x")) == [("output-order-changed", "warning")]
