import pytest
from evidence import tensor

from edgecheck.compare.binding import (
    bind_inputs,
    bind_reference,
    pair_outputs,
    run_shape,
    sample_shape_of,
)
from edgecheck.spec.model import InputSpec
from edgecheck.tflite.graph import Contract, Port


def contract(inputs=(), outputs=()):
    """Ports given as (name, tensor name) or (name, shape)."""
    return Contract(_ports(inputs), _ports(outputs), 0, None, has_state=False)


def _ports(entries):
    ports = []
    for index, (name, detail) in enumerate(entries):
        named = isinstance(detail, str)
        kept = {"name": detail} if named else {"name": f"t{index}", "shape": detail}
        ports.append(Port(name, tensor(index, **kept)))
    return tuple(ports)


def bound(names, inputs):
    found = bind_inputs(names, contract(inputs))
    return None if found is None else {name: port.tensor.index for name, port in found.items()}


SIGNED = [("image", "serving_default_image:0"), ("mask", "serving_default_mask:0")]


@pytest.mark.parametrize(
    ("names", "inputs", "expected"),
    [
        (["anything"], SIGNED[:1], {"anything": 0}),
        (["mask", "image"], SIGNED, {"mask": 1, "image": 0}),
        (["serving_default_mask:0", "image"], SIGNED, {"serving_default_mask:0": 1, "image": 0}),
        (["b", "a"], [("a", "b"), ("b", "a")], {"b": 1, "a": 0}),  # the argument's name wins
    ],
)
def test_inputs_are_bound_by_name(names, inputs, expected):
    assert bound(names, inputs) == expected


@pytest.mark.parametrize(
    ("names", "inputs"),
    [
        (["image"], SIGNED),
        (["image", "mask", "more"], SIGNED),
        (["image", "typo"], SIGNED),
        (["mask", "serving_default_mask:0"], SIGNED),  # one tensor under two names
        (["a"], []),
    ],
)
def test_inputs_that_do_not_match_are_not_bound(names, inputs):
    assert bound(names, inputs) is None


@pytest.mark.parametrize(
    ("shape", "signature", "sample", "expected"),
    [
        ((1, 8, 8, 3), None, (8, 8, 3), (1, 8, 8, 3)),
        ((1, 1, 1, 3), (-1, -1, -1, 3), (8, 6, 3), (1, 8, 6, 3)),
        ((8, 8, 3), None, (8, 8, 3), (8, 8, 3)),
        ((1, 4), None, (1, 4), (1, 4)),
        ((1, 8, 8, 3), None, None, (1, 8, 8, 3)),
        ((1, 1, 3), (-1, -1, 3), None, (1, 1, 3)),
        ((), None, (), ()),
        ((), None, None, ()),
        ((1,), None, (), (1,)),
        ((4, 8, 3), None, (8, 3), None),  # a fixed batch of 4
        ((4, 8, 3), None, None, None),
        ((1, 8, 8, 3), None, (8, 8, 1), None),
        ((1, 64), None, (8, 8), None),
    ],
)
def test_one_run_takes_one_sample(shape, signature, sample, expected):
    stored = tensor(shape=shape, shape_signature=signature or shape)
    assert run_shape(stored, sample) == expected


def test_a_row_of_feeds_has_the_shape_of_a_sample():
    assert sample_shape_of((1, 8, 8, 3), None) == (8, 8, 3)
    assert sample_shape_of((8, 8, 3), (8, 8, 3)) == (8, 8, 3)
    assert sample_shape_of((), None) == ()


@pytest.mark.parametrize(
    ("called", "expected"),
    [
        ({"zeta": "b", "alpha": "a"}, {"zeta": "b", "alpha": "a"}),
        ({"zeta": "b", "a": None}, {"zeta": "b", "a": "a"}),
        ({"b": "a", "a": "b"}, {"b": "a", "a": "b"}),
        ({"zeta": "t1", "alpha": "t0"}, {"zeta": "b", "alpha": "a"}),  # names of tensors
        ({"zeta": "b", "b": None}, None),  # one port twice
        ({"zeta": "b", "alpha": None}, None),
    ],
)
def test_a_reference_is_bound_by_the_names_that_the_spec_gives_its_inputs(called, expected):
    inputs = {n: InputSpec(kind="array", reference_name=theirs) for n, theirs in called.items()}
    found = bind_reference(inputs, contract([("a", (1, 8)), ("b", (1, 8))]))
    assert (found and {name: port.name for name, port in found.items()}) == expected


def paired(ours, theirs, stated=None):
    other = None if theirs is None else contract(outputs=theirs)
    pairs = pair_outputs(contract(outputs=ours), other, stated or {})
    return {p.candidate.name: p.reference.name if p.reference else None for p in pairs}


A, B = (1, 10), (1, 4)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ([("a", A)], None, {"a": None}),
        ([("a", A), ("b", A)], [("b", A), ("a", A)], {"a": "a", "b": "b"}),
        ([("a", A), ("b", A)], [("b", A), ("c", A), ("a", A)], {"a": "a", "b": "b"}),
        ([("x", A), ("y", B)], [("a", A), ("b", B)], {"x": "a", "y": "b"}),  # by position
        ([("x", A), ("y", A)], [("a", A), ("b", A)], {"x": "a", "y": "b"}),
        ([("x", A), ("y", B)], [("b", B), ("a", A)], {"x": "a", "y": "b"}),  # by shape
        ([("x", A), ("y", A)], [("b", A)], {"x": None, "y": None}),
        ([("x", A)], [("a", A), ("b", A)], {"x": None}),
        ([("x", A)], [("a", B)], {"x": None}),
        ([("a", A)], [("a", (10,))], {"a": "a"}),  # sizes of 1 do not count
        ([("a", A), ("b", A), ("z", A)], [("b", A), ("a", A), ("q", A)],
         {"a": "a", "b": "b", "z": "q"}),  # names first, then positions of what is left
        ([("a", A), ("b", B)], [("a", B), ("b", A)], {"a": "b", "b": "a"}),  # misleading names
    ],
)  # fmt: skip
def test_outputs_are_paired_by_name_position_and_shape(ours, theirs, expected):
    assert paired(ours, theirs) == expected


@pytest.mark.parametrize(
    ("ours", "theirs", "stated", "expected"),
    [
        ([("x", A), ("y", A)], [("a", A), ("b", A)], {"x": "b"}, {"x": "b", "y": "a"}),
        ([("a", A), ("b", A)], [("a", A), ("b", A)], {"a": "b", "b": "a"}, {"a": "b", "b": "a"}),
        ([("a", A), ("b", A)], [("a", A), ("b", A)], {"a": "b"}, {"a": "b", "b": "a"}),
        ([("x", A)], [("a", A), ("b", A)], {"x": "b"}, {"x": "b"}),
        ([("x", A)], [("a", A), ("b", B)], {"x": "b"}, {"x": None}),  # stated, and does not fit
    ],
)
def test_a_stated_name_comes_before_all_else(ours, theirs, stated, expected):
    assert paired(ours, theirs, stated) == expected


def test_outputs_that_numpy_cannot_hold_are_left_out():
    ports = (Port("text", tensor(0, dtype="string")), Port("a", tensor(1, shape=A)))
    mixed = Contract((), ports, 0, None, has_state=False)
    found = pair_outputs(mixed, mixed)
    assert [(p.candidate.name, p.reference.name) for p in found] == [("a", "a")]
