import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.compare.answers import Reading, truth_of
from edgecheck.compare.outputs import NO_CLASS, ClassRule
from edgecheck.compare.watching import WatchedOutput
from edgecheck.samples.chunk import Chunk

CLASSES = Reading(WatchedOutput("y", "r", None, ClassRule(0.5), True, kind="classes"))
VALUES = Reading(WatchedOutput("y", "r", None, None, True, kind="values"))
FIELD = Reading(WatchedOutput("y", "r", None, None, True, kind="raw"))


def chunk(labels=None, targets=None, count=3):
    return Chunk(tuple("abc")[:count], {}, labels, targets)


def test_a_class_is_right_if_it_is_one_of_several_labels():
    truth = truth_of(CLASSES, [np.array([[1, 2], [0, -1], [3, 4], [5, -1]])])
    assert truth.right(0, np.array([2, 0, 1, NO_CLASS])).tolist() == [True, True, False, False]


def test_a_class_that_neither_model_names_is_no_agreement():
    truth = truth_of(CLASSES, [np.array([NO_CLASS, 3])])
    assert truth.right(0, np.array([NO_CLASS, 3])).tolist() == [False, True]


@given(
    st.integers(1, 4),
    st.integers(2, 9),
    st.floats(0, 0.8),
    st.integers(0, 2**32 - 1),
)
def test_values_are_right_up_to_a_tenth_of_the_variance(elements, count, error, seed):
    random = np.random.default_rng(seed)
    units = 10.0 ** np.arange(elements)  # each element counts by its own spread
    truth = random.normal(size=(count, elements)) * units
    spread = truth.std(axis=0)
    right = truth_of(VALUES, [truth]).right(0, truth + error * spread)
    if abs(error**2 - 0.1) > 1e-6:
        assert right.tolist() == [bool(error**2 < 0.1)] * count


def test_elements_of_other_outputs_count_by_the_spread_of_all():
    truth = np.array([[0.0, 0.0], [10.0, 0.1]])
    held = truth_of(FIELD, [truth])
    assert held.right(0, truth + np.array([0.0, 1.0])).all()
    assert not held.right(0, truth + np.array([4.0, 0.0])).any()
    # Of measured values a second element in a small unit counts as much.
    assert not truth_of(VALUES, [truth]).right(0, truth + np.array([0.0, 1.0])).any()


def test_values_that_are_no_numbers_are_never_right():
    truth = truth_of(VALUES, [np.array([[0.0], [1.0]])])
    assert truth.right(0, np.array([[np.nan], [np.inf]])).tolist() == [False, False]


@pytest.mark.parametrize(
    "parts", [[], [np.zeros((4, 2))], [np.array([[1.0], [np.nan]])]], ids=["none", "still", "nan"]
)
def test_nothing_can_be_told_by_what_never_moves(parts):
    assert truth_of(VALUES, parts) is None


def test_an_answer_of_another_size_is_not_right():
    truth = truth_of(FIELD, [np.arange(6.0).reshape(3, 2)])
    assert not truth.right(0, np.zeros((3, 5))).any()


def test_samples_of_which_nothing_is_known_are_told_apart():
    labelled = chunk(labels=np.array([[1, -1], [-1, -1], [0, 2]]))
    assert CLASSES.known(labelled).tolist() == [True, False, True]
    assert CLASSES.told(labelled).shape == (3, 2)
    measured = chunk(targets=np.array([[[1.0]], [[np.nan]], [[3.0]]]))
    assert VALUES.known(measured).tolist() == [True, False, True]
    assert VALUES.told(measured).shape == (3, 1)
    assert not FIELD.known(measured).any()
    with pytest.raises(ValueError, match="without labels"):
        CLASSES.told(chunk())


def test_each_model_is_read_by_its_own_name():
    outputs = {"y": np.array([[1.0, 2.0]]), "r": np.array([[5.0, 3.0]])}
    assert CLASSES.read(outputs, "candidate").tolist() == [1]
    assert CLASSES.read(outputs, "reference").tolist() == [0]
    assert FIELD.read(outputs, "reference").tolist() == [[5.0, 3.0]]
