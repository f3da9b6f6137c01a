import pytest
from faults.child import Child, ChildFailed


@pytest.fixture(scope="module")
def child():
    made = Child("a test")
    yield made
    made.close()


def test_a_function_is_run_and_answers(child):
    assert child.call("statistics:median", data=[3, 1, 2]) == 2


def test_an_error_comes_with_its_traceback_and_the_child_lives_on(child):
    with pytest.raises(ChildFailed, match="StatisticsError"):
        child.call("statistics:median", data=[])
    assert child.call("statistics:median", data=[5]) == 5


def test_what_is_printed_is_no_answer(child):
    assert child.call("builtins:print") is None
    assert child.call("statistics:median", data=[7]) == 7


def test_after_a_death_the_next_call_has_a_new_child(child):
    with pytest.raises(ChildFailed, match="died over os:_exit"):
        child.call("os:_exit", status=3)
    assert child.call("statistics:median", data=[9]) == 9
