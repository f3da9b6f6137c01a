"""Layers that stop the signal, where something else is wrong, too."""

from dataclasses import replace

import numpy as np
import pytest
from evidence import seen_input, spec
from lost_models import DEAD, LAST, heard, layer, rules, seen
from models import OpDef, TensorDef, build_model, float_dense

from edgecheck.checks import learning, signal
from edgecheck.checks.evidence import NotApplicable
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.reader import read_model


def hit(samples, state="reset", accuracy=0.5, **parts):
    """Half of the labels are met, and so many samples hold a NaN."""
    case = seen(accuracy, spec=spec(state=state), **parts)
    spoiled = seen_input(
        nonfinite=samples, nonfinite_sample_count=samples, nonfinite_samples=("0",)
    )
    return replace(case, comparison=replace(case.comparison, inputs=(spoiled,)))


@pytest.mark.parametrize(
    ("case", "is_told"),
    [
        (hit(0, signal=DEAD), True),
        (hit(20, signal=DEAD), True),
        (hit(120, signal=DEAD), False),  # the other 80 may all be answered rightly
        (hit(190, signal=DEAD, accuracy=0.0), False),
        (hit(20, state="stream", signal=DEAD), False),  # one spoils all that come after it
    ],
)
def test_samples_with_a_nan_do_not_explain_what_the_others_show(case, is_told):
    if is_told:
        assert rules(signal.check, case) == [("dead-activations", "error")]
        return
    with pytest.raises(NotApplicable, match="inputs-nonfinite explains it"):
        list(signal.check(case))


def test_samples_with_a_nan_do_not_explain_that_the_others_are_only_guessed():
    assert rules(learning.check, hit(20)) == [("undertrained", "warning")]
    with pytest.raises(NotApplicable, match="inputs-nonfinite explains it"):
        list(learning.check(hit(120)))


def two_layers(size):
    """Evidence of two dense layers that pass on so much of what they get."""
    tensors = [
        TensorDef("x", (1, 64)),
        TensorDef("first", (16, 64), data=np.full((16, 64), size / 8)),
        TensorDef("hidden", (1, 16)),
        TensorDef("second", (4, 16), data=np.full((4, 16), size / 4)),
        TensorDef("y", (1, 4)),
    ]
    operators = [OpDef("FULLY_CONNECTED", [0, 1], [2]), OpDef("FULLY_CONNECTED", [2, 3], [4])]
    return of_file(build_model(tensors, operators, [0], [4]))


def of_file(data):
    model = read_model(data)
    alive = heard(layer(0), layer(1, **LAST))
    return {"data": data, "model": model, "contract": contract_of(model), "signal": alive}


def test_tiny_weights_are_told_beside_what_else_is_wrong(monkeypatch):
    monkeypatch.setattr(signal, "blamed_elsewhere", lambda _, **__: "x")
    (finding,) = signal.check(seen(**two_layers(0.01)))
    assert (finding.rule, finding.severity) == ("saturated-or-vanished", "warning")
    assert "does so least, and passes on 1%" in finding.message
    single = of_file(float_dense(np.full((4, 64), 1e-3, np.float32), np.zeros(4, np.float32)))
    for case in (seen(**two_layers(0.1)), seen(**two_layers(0.0)), seen(**single)):
        with pytest.raises(NotApplicable, match="x explains it"):
            list(signal.check(case))


def test_tiny_weights_of_a_model_that_works_are_no_finding(monkeypatch):
    monkeypatch.setattr(signal, "blamed_elsewhere", lambda _, **__: "x")
    with pytest.raises(NotApplicable, match="x explains it"):
        list(signal.check(seen(0.95, top=(100, 100), **two_layers(0.01))))
