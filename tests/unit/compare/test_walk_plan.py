from evidence import tensor

from edgecheck.compare.walk_plan import followed
from edgecheck.quantization import QuantParams
from edgecheck.tflite.graph import Model, Operator, Subgraph


def operator(index, name, inputs, output):
    return Operator(index, name, 1, inputs, (output,), is_custom=False)


def planned(tensors, operators, outputs, place=None, inputs=(0,)):
    graph = Subgraph(0, "", tuple(tensors), tuple(operators), inputs, outputs)
    model = Model("", 0, 3, "", (graph,), (), (), None, ())
    here = {(0, t.index): t.index for t in tensors} if place is None else place
    return {step.tensor.index: step for step in followed(model, here)}


def test_copies_are_known_by_their_place_and_heads_are_looked_through():
    tensors = [
        tensor(0, dtype="float32", quantization=None),
        *(tensor(n) for n in range(1, 5)),
        tensor(5, dtype="float32", quantization=None),
    ]
    operators = [
        operator(0, "QUANTIZE", (0,), 1),
        operator(1, "CONV_2D", (1,), 2),
        operator(2, "RESHAPE", (2,), 3),
        operator(3, "SOFTMAX", (3,), 4),
        operator(4, "DEQUANTIZE", (4,), 5),
    ]
    place = {(0, n): n for n in range(6)} | {(0, 1): 0, (0, 5): 4}
    found = planned(tensors, operators, (5,), place)
    assert [found[n].index for n in range(6)] == [-1, 0, 1, 2, 3, 4]
    assert [n for n in found if found[n].is_copy] == [1, 5]
    assert [n for n in found if found[n].decides] == [2]
    assert [n for n in found if found[n].is_output] == [4, 5]
    assert found[1].twin == 0


def test_an_output_without_a_head_decides_itself():
    found = planned([tensor(0), tensor(1)], [operator(0, "CONV_2D", (0,), 1)], (1,))
    assert found[1].decides


def test_only_real_activations_that_the_twin_has_are_followed():
    tensors = [
        tensor(0),
        tensor(1, dtype="int32", quantization=None),
        tensor(2, quantization=QuantParams((0.1, 0.2), (0, 0))),
        tensor(3, quantization=QuantParams((0.0,), (0,))),
        tensor(4, is_variable=True),
        tensor(5),
        tensor(6, dtype="float32", quantization=None),
    ]
    operators = [operator(n, "CONV_2D", (0,), n) for n in range(1, 7)]
    place = {(0, n): n for n in range(7) if n != 5}
    assert list(planned(tensors, operators, (6,), place)) == [0, 6]


def test_absent_optional_inputs_are_no_inputs():
    found = planned([tensor(0), tensor(1)], [operator(0, "CONV_2D", (0, -1, 0), 1)], (1,))
    assert found[1].inputs == (0,)


def test_an_output_that_no_operator_writes_is_no_head():
    assert list(planned([tensor(0)], [], (0,))) == [0]
