import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.compare.weight_names import NameIndex, telling


def best(ours, theirs):
    """For each name of ours the most similar one of theirs."""
    found = NameIndex([*ours, *theirs]).similarities(ours, theirs)
    return [theirs[row.argmax()] for row in found]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (["m/conv2d_1/Conv2D;m/conv2d_1/BiasAdd", "m/conv2d/Conv2D1"], ["conv2d_1", "conv2d"]),
        (["tfl.pseudo_qconst7;a/dense", "tfl.pseudo_qconst3;a/head"], ["dense", "head"]),
        (["model/a/Conv2D", "model/b/Conv2D"], ["a/kernel:0", "b/kernel:0"]),
    ],
)
def test_what_converters_add_does_not_hide_the_layer(ours, theirs):
    assert best(ours, theirs) == theirs


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("arith.constant1;m/dense/MatMul;m/dense/Relu", "m/dense/MatMul"),
        ("tfl.pseudo_qconst7", "tfl.pseudo_qconst7"),
        ("dense/kernel:0", "dense/kernel:0"),
        ("", ""),
    ],
)
def test_the_most_telling_name_is_shown(name, expected):
    assert telling(name) == expected


def test_numbers_of_constants_say_nothing():
    names = ["pseudo_qconst1", "constant2", "qconst", "const_9"]
    assert not NameIndex([*names, "x"]).similarities(names, names).any()


@given(st.lists(st.text(max_size=30), min_size=1, max_size=6))
def test_similarity_is_a_share_and_symmetric(names):
    found = NameIndex([*names, "other", "other"]).similarities(names, names)
    assert ((found >= 0) & (found <= 1)).all()
    assert (found == found.T).all()


def test_names_of_any_length_are_taken():
    names = ["a/" * 1_000_000, "b"]
    assert NameIndex(names).similarities(names, names).shape == (2, 2)
