"""Tensors of a dump in the places of a model, and how many samples they hold."""

import numpy as np
import pytest

from edgecheck.device.logged import DumpedTensor
from edgecheck.errors import DumpUnreadable
from edgecheck.match.placed import placed
from edgecheck.tflite.graph import Contract, Port, Tensor


def port(name, shape, index, signature=()):
    made = Tensor(index, f"{name}:0", shape, signature, "int8", None, 0, False, False)
    return Port(name, made)


CONTRACT = Contract(
    inputs=(port("image", (1, 4, 4, 3), 0),),
    outputs=(port("scores", (1, 5), 1), port("boxes", (1, 1, 4), 2, (1, -1, 4))),
    subgraph=0,
    signature=None,
    has_state=False,
)
BOUND, SHAPES = {"picture": CONTRACT.inputs[0]}, {"picture": (4, 4, 3)}


def logged(name, shape, ids=None):
    values = np.arange(np.prod(shape)).reshape(shape)
    return DumpedTensor(name, "int64", tuple(shape), ids, lambda count: values[:count])


def place(*tensors):
    return placed(tensors, BOUND, SHAPES, CONTRACT)


@pytest.mark.parametrize("name", ["picture", "image", "image:0"])
def test_an_input_is_found_by_any_of_its_names(name):
    (found,) = place(logged(name, (2, 4, 4, 3)))
    assert (found.kind, found.name, found.samples) == ("input", "picture", 2)


@pytest.mark.parametrize(
    ("shape", "samples"),
    [((3, 4, 4, 3), 3), ((3, 1, 4, 4, 3), 3), ((3, 3, 4, 4), 3), ((3, 48), 3), ((4, 4, 3), 1),
     ((48,), 1), ((96,), 2), ((1, 48), 1)],
)  # fmt: skip
def test_samples_are_counted_whatever_the_shape_of_a_row(shape, samples):
    (found,) = place(logged("image", shape))
    assert found.samples == samples
    rows = found.read(samples)
    assert rows.shape == (samples, 4, 4, 3)
    assert rows.ravel().tolist() == list(range(48 * samples))
    assert found.read(1).ravel().tolist() == list(range(48))


def test_an_open_size_of_an_output_is_as_logged():
    (found,) = place(logged("boxes", (2, 7, 4)))
    assert (found.samples, found.shape) == (2, (7, 4))


@pytest.mark.parametrize("shape", [(3, 47), (47,), (4, 4), (2, 2, 48)])
def test_a_shape_that_is_no_number_of_samples_is_refused(shape):
    with pytest.raises(DumpUnreadable, match="one sample has"):
        place(logged("image", shape))


def test_unknown_names_are_told_with_those_that_there_are():
    with pytest.raises(DumpUnreadable, match="no input or output 'imag'") as caught:
        place(logged("imag", (1, 48)))
    assert '"picture"' in caught.value.hint
    assert '"scores", "boxes"' in caught.value.hint
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ([logged("image", (2, 48)), logged("scores", (3, 5))], "numbers of samples differ"),
        ([logged("image", (2, 48)), logged("image:0", (2, 48))], "the same one"),
        ([logged("image", (2, 48), ("a",))], "1 ids for 2 samples"),
        ([logged("image", (2, 48), ("a", "a"))], "id 'a' is there twice"),
        ([logged("image", (1, 48), ("a",)), logged("scores", (1, 5), ("b",))], "different ids"),
    ],
)
def test_tensors_that_do_not_belong_together_are_refused(tensors, words):
    with pytest.raises(DumpUnreadable, match=words):
        place(*tensors)


@pytest.mark.parametrize(
    ("shape", "count", "entries"),
    [((20 * 48,), 2, 96), ((20, 48), 2, 2), ((20, 1, 4, 4, 3), 3, 3), ((4, 4, 3), 1, 4)],
)
def test_no_more_is_read_than_the_samples_need(shape, count, entries):
    asked = []
    whole = np.arange(np.prod(shape)).reshape(shape)

    def read(wanted):
        asked.append(wanted)
        return whole[:wanted]

    (found,) = place(DumpedTensor("image", "int64", shape, None, read))
    assert found.read(count).ravel().tolist() == list(range(48 * count))
    assert asked == [entries]
