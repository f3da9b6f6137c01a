"""The adapter against a fake interpreter, in this process."""

import numpy as np
import pytest

from edgecheck.quantization import QuantParams
from edgecheck.runtime import interpreter as module
from edgecheck.runtime.interpreter import InterpreterSession
from edgecheck.runtime.job import Job, Slot


class Echo:
    """Gives back its input; counts what is asked of it."""

    def __init__(self):
        self.calls = []
        self.fed = []
        self.answers = lambda values: values

    def __getattr__(self, name):
        return lambda *_, **__: self.calls.append(name)

    def set_tensor(self, _, values):
        self.values = values
        self.fed.append(values)

    def get_tensor(self, _):
        return self.answers(self.values)

    def get_output_details(self):
        return []


@pytest.fixture
def loaded(monkeypatch):
    """Every interpreter that a session opened."""
    interpreters = []

    def opened(*_, **__):
        interpreters.append(Echo())
        return interpreters[-1]

    monkeypatch.setattr(module, "open_interpreter", opened)
    return interpreters


def _job(dtype="float32", shape=(1, 3), params=None, **options):
    source = Slot("x", "x", 0, dtype, shape, False, params)
    target = Slot("y", "y", 0, dtype, shape, False, params)
    defaults = {"signature": None, "resets_state": False}
    return Job("litert", "m", (source,), (target,), **{**defaults, **options})


def _run(session, values):
    rows = np.asarray(values, np.float32)
    outputs = {"y": np.zeros((len(rows), *session.output_shapes["y"]), np.float32)}
    latencies, finished = np.zeros(len(rows)), []
    session.run({"x": rows}, outputs, latencies, finished.append)
    assert finished == list(range(1, len(rows) + 1))
    return outputs["y"]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "uint32", "int64", "uint64"])
def test_values_beyond_an_integer_input_are_clipped_not_wrapped(loaded, dtype):
    values = [-np.inf, -1e30, -3e9, -1.5, 0.4, 2.5, 3e9, 1e30, np.inf, np.nan]
    session = InterpreterSession(_job(dtype, (1, len(values))))
    _run(session, [values])
    info = np.iinfo(dtype)
    for value, code in zip(values, loaded[0].fed[-1][0].tolist(), strict=True):
        if np.isnan(value):
            expected = 0
        elif np.isinf(value):
            expected = info.max if value > 0 else info.min
        else:
            expected = min(max(round(float(np.float32(value))), info.min), info.max)
        # float64 cannot hold the very last codes of 64 bits.
        assert abs(code - expected) <= (2048 if info.bits == 64 else 0), (value, code)


def test_per_channel_parameters_apply_to_the_channels_of_each_row(loaded):
    params = QuantParams((1.0, 0.5, 0.25), (0, 1, -1), 1)
    session = InterpreterSession(_job("int8", params=params))
    assert _run(session, [[2, 2, 2], [-1, -1, -1]]).reshape(2, 3).tolist() == [[2] * 3, [-1] * 3]
    assert loaded[0].fed[-2].tolist() == [[2, 5, 7]]


def test_an_output_of_size_one_is_not_stretched(loaded):
    session = InterpreterSession(_job())
    loaded[0].answers = lambda values: values[:, :1]
    with pytest.raises(ValueError, match=r"'y' changes with the data: \(1, 1\) here, \(1, 3\)"):
        _run(session, [[1, 2, 3]])


def test_variables_are_reset_before_every_row(loaded):
    session = InterpreterSession(_job(resets_state=True))
    loaded[0].calls.clear()
    _run(session, np.zeros((3, 3)))
    assert loaded[0].calls == ["reset_all_variables", "invoke"] * 3


def test_a_model_with_resource_variables_is_loaded_anew_before_every_row(loaded):
    session = InterpreterSession(_job(resets_state=True, reloads=True))
    assert len(loaded) == 1
    _run(session, np.zeros((3, 3)))
    assert [interpreter.calls.count("invoke") for interpreter in loaded] == [0, 1, 1, 1]


def test_an_open_output_shape_is_settled_by_a_run_on_zeros(loaded):
    job = _job()
    open_output = Slot("y", "y", 0, "float32", (1, -1), False, None)
    session = InterpreterSession(Job(**{**vars(job), "outputs": (open_output,)}))
    assert session.output_shapes == {"y": (1, 3)}
    assert not loaded[0].fed[0].any()


@pytest.mark.usefixtures("loaded")
def test_inner_tensors_take_the_shape_that_the_interpreter_gives_them():
    stored = [{"index": 0, "shape": np.array([2, 5])}]
    assert InterpreterSession(_job()).output_shapes == {"y": (1, 3)}
    Echo.get_tensor_details = lambda _: stored
    try:
        assert InterpreterSession(_job(preserves=True)).output_shapes == {"y": (2, 5)}
    finally:
        del Echo.get_tensor_details


@pytest.mark.usefixtures("loaded")
def test_float_outputs_go_straight_to_their_place():
    session = InterpreterSession(_job())
    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert _run(session, rows).reshape(2, 3).tolist() == rows.tolist()
