import pytest
from evidence import model, tensor

from edgecheck.compare.trained_ranges import TrainedRange, trained_ranges
from edgecheck.quantization import QuantParams
from edgecheck.tflite.fake_quantization import FakeQuantizer

UNIT = QuantParams((1 / 128,), (0,))
STORED = (-1.0, 127 / 128)


def ranges(fakes, *tensors):
    held = [tensor(index, **{"quantization": UNIT, **own}) for index, own in enumerate(tensors)]
    return trained_ranges(fakes, model(held).subgraphs[0])


def fake(*names, span=(-1.0, 1.0)):
    return FakeQuantizer((*names, "elsewhere")[:2], span)


@pytest.mark.parametrize("name", ["act", "conv/Conv2D;act", "act;fake/quantized"])
def test_a_tensor_is_found_by_any_of_its_joined_names(name):
    expected = (TrainedRange(name, (-1.0, 1.0), STORED),)
    assert ranges([fake("act")], {"name": name}, {"name": "other"}) == expected


def test_what_it_takes_is_asked_where_what_it_gives_is_unknown():
    (found,) = ranges([fake("act/fake", "act")], {"name": "act"})
    assert found.tensor == "act"


@pytest.mark.parametrize(
    "tensors",
    [
        [{"name": "other"}],
        [{"name": "a;act"}, {"name": "b;act"}],
        [{"name": "act", "is_constant": True}],
        [{"name": "act", "dtype": "int16"}],
        [{"name": "act", "quantization": None}],
        [{"name": "act", "quantization": QuantParams((0.0,), (0,))}],
        [{"name": "act", "quantization": QuantParams((1.0, 2.0), (0, 0))}],
    ],
)
def test_without_one_sure_counterpart_nothing_is_compared(tensors):
    assert ranges([fake("act")], *tensors) == ()


@pytest.mark.parametrize("span", [None, (0.0, 0.0)])
def test_ranges_that_hold_nothing_are_left_out(span):
    assert ranges([fake("act", span=span)], {"name": "act"}) == ()


def test_each_tensor_comes_once():
    assert len(ranges([fake("act"), fake("act", span=(-9.0, 9.0))], {"name": "act"})) == 1


@pytest.mark.parametrize(
    ("trained", "stored", "expected"),
    [((-1, 1), (-1, 1), 0), ((-1, 1), (-0.5, 0.9), 0.25), ((0, 4), (0, 6), 0.5), ((0, 6), (-3, 6), 0.5)],
)  # fmt: skip
def test_movement_is_that_of_the_worse_end_for_each_width(trained, stored, expected):
    assert TrainedRange("t", trained, stored).movement == expected
