import math
from dataclasses import replace

import numpy as np
import pytest
from evidence import (
    compared,
    evidence,
    model,
    output_tensor,
    passed_over,
    seen_labels,
    seen_pair,
    tensor,
)

from edgecheck.checks.evidence import NotApplicable
from edgecheck.checks.layer_weights import check, kept_weights
from edgecheck.compare.trials import Trial
from edgecheck.compare.weight_match import match_weights
from edgecheck.metrics.paired import mcnemar_p
from edgecheck.preprocess.alternatives import Change
from edgecheck.quantization import QuantParams
from edgecheck.tflite.graph import Operator
from edgecheck.tflite.weights import Weight

LOST = passed_over(compared(pair=seen_pair(agreement=0.2, agreement_interval=(0.1, 0.3))))
SHAPES = ((8, 3, 3, 2), (6, 20), (4, 24))


def net(seed=0, biased=True):
    rng = np.random.default_rng(seed)
    biases = [rng.normal(size=shape[0]).astype(np.float32) for shape in SHAPES]
    return [
        Weight(f"layer{n}", rng.normal(size=shape).astype(np.float32), n, "CONV_2D",
               biases[n] if biased else None)
        for n, shape in enumerate(SHAPES)
    ]  # fmt: skip


def quantized(layers, noise=0.003):
    rng = np.random.default_rng(9)
    return [
        Weight(w.name, (w.values + noise * rng.normal(size=w.values.shape)).astype(np.float32),
               w.operator, w.op, w.bias)
        for w in layers
    ]  # fmt: skip


def with_layer(layers, place, values=None, bias=None):
    changed = list(layers)
    old = changed[place]
    changed[place] = Weight(
        old.name,
        old.values if values is None else values.astype(np.float32),
        old.operator,
        old.op,
        old.bias if bias is None else bias.astype(np.float32),
    )
    return changed


def found(ours, theirs=None, **changes):
    weights = match_weights(ours, net() if theirs is None else theirs, "float.tflite")
    return list(check(evidence(weights=weights, **changes)))


SOUND = quantized(net())
HALF = np.where(np.arange(8).reshape(8, 1, 1, 1) < 4, 0, SOUND[0].values)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (HALF, "4 of 8 output channels have nothing but 0"),
        (0 * HALF, "all 8 output channels have nothing but 0"),
        (4 * SOUND[0].values, "times the reference's"),
        (
            np.where(np.arange(8).reshape(8, 1, 1, 1) < 1, 2, SOUND[0].values),
            "1 of 8 output channels has other weights",
        ),
    ],
    ids=["half", "all", "scaled", "one overwritten"],
)
def test_a_layer_with_other_weights_is_named(values, says):
    (finding,) = found(with_layer(SOUND, 0, values), comparison=LOST)
    assert (finding.severity, finding.subject.name) == ("error", "CONV_2D 0")
    assert finding.evidence["part"] == "weights"
    assert says in finding.message
    assert "(the other layers: 50 to 51 dB)" in finding.message


def test_a_single_bias_that_is_off_is_named():
    bias = SOUND[1].bias + 9 * (np.arange(6) == 3)
    (finding,) = found(with_layer(SOUND, 1, bias=bias), comparison=LOST)
    assert (finding.evidence["part"], finding.evidence["biases"]) == ("biases", [3])
    assert "the bias of channel 3 is off by 9" in finding.message
    assert "(the other layers: exact)" in finding.message


def stored_with(scale):
    """A file whose operator 1 is a layer with biases in steps of `scale`."""
    weights, bias = (
        tensor(n, dtype=kind, is_constant=True, quantization=QuantParams((step,), (0,)))
        for n, (kind, step) in enumerate((("int8", 0.1), ("int32", scale)), 1)
    )
    convolution = Operator(1, "CONV_2D", 1, (0, 1, 2), (3,), is_custom=False)
    return model([tensor(), weights, bias, output_tensor(3)], operators=(convolution,))


@pytest.mark.parametrize(("step", "parts"), [(8.0, []), (0.5, ["biases"])])
def test_a_bias_that_is_only_rounded_is_no_other_bias(step, parts):
    ours = with_layer(SOUND, 1, bias=0 * SOUND[1].bias)
    found_there = found(ours, comparison=LOST, model=stored_with(step))
    assert [finding.evidence["part"] for finding in found_there] == parts


def test_it_is_a_note_where_parity_holds_and_nothing_where_outputs_are_equal():
    ours = with_layer(SOUND, 0, HALF)
    assert [f.severity for f in found(ours)] == ["info"]
    same = passed_over(compared(pair=seen_pair(sqnr_db=60.0)))
    assert found(ours, comparison=same) == []


def test_it_is_an_error_as_soon_as_an_output_shows_it():
    ours = with_layer(SOUND, 0, HALF)
    shown = passed_over(compared(pair=seen_pair(sqnr_db=16.0, sqnr_db_interval=(15.0, 17.0))))
    assert [f.severity for f in found(ours, comparison=shown)] == ["error"]


@pytest.mark.parametrize("noise", [0.0, 0.003, 0.1, 0.5])
def test_what_changes_all_layers_alike_is_no_finding(noise):
    assert found(quantized(net(), noise), comparison=LOST) == []


def test_folded_batch_normalization_of_one_layer_is_no_finding():
    factors = np.linspace(-2, 3, 8).reshape(8, 1, 1, 1)
    ours = with_layer(SOUND, 0, factors * SOUND[0].values, SOUND[0].bias + 5)
    assert found(ours, comparison=LOST) == []
    assert found(ours, net(biased=False), comparison=LOST) == []


def test_a_layer_that_is_another_one_belongs_to_another_rule():
    other = np.random.default_rng(5).normal(size=SHAPES[1])
    assert found(with_layer(SOUND, 1, other), comparison=LOST) == []


def test_a_layer_alone_has_nothing_to_differ_from():
    ours = with_layer(SOUND, 0, HALF)[:1]
    assert found(ours, net()[:1], comparison=LOST) == []
    with pytest.raises(NotApplicable):
        list(check(evidence()))


def kept(ours, theirs=None):
    return kept_weights(match_weights(ours, net() if theirs is None else theirs))


def test_weights_are_kept_where_all_layers_are_the_references():
    assert kept(SOUND) == pytest.approx(50, abs=2)
    assert kept(net()) == math.inf
    assert kept(SOUND, net(biased=False)) == pytest.approx(50, abs=2)


@pytest.mark.parametrize(
    "ours",
    [
        SOUND[:2],
        quantized(net(), 0.1),
        with_layer(SOUND, 0, HALF),
        with_layer(SOUND, 1, bias=SOUND[1].bias + 9),
        with_layer(SOUND, 0, np.linspace(1, 3, 8).reshape(8, 1, 1, 1) * SOUND[0].values),
    ],
    ids=["one less", "coarse", "half", "bias", "folded"],
)
def test_weights_are_not_kept_where_one_may_be_wrong(ours):
    assert kept(ours) is None


def test_nothing_is_known_without_a_reference_file():
    assert kept_weights(None) is None


FEW = Weight("few", np.random.default_rng(3).normal(size=(24, 6)).astype(np.float32), 3, "FULLY_CONNECTED",
             np.linspace(0.1, 1, 24, dtype=np.float32))  # fmt: skip


def test_a_bias_behind_few_weights_is_named():
    """With six weights a channel they tell nothing by how they vary, but all are the reference's."""
    sound = [*SOUND, replace(FEW, values=FEW.values + np.float32(0.001))]
    assert found(sound, [*net(), FEW], comparison=LOST) == []
    (finding,) = found(with_layer(sound, 3, bias=30 * FEW.bias), [*net(), FEW], comparison=LOST)
    assert (finding.subject.name, finding.evidence["part"]) == ("FULLY_CONNECTED 3", "biases")


def test_few_weights_that_are_others_belong_to_another_rule():
    ours = [*SOUND, replace(FEW, values=FEW.values[::-1], bias=30 * FEW.bias)]
    assert found(ours, [*net(), FEW], comparison=LOST) == []


@pytest.mark.parametrize(("after", "severities"), [(190, ["error"]), (20, [])])
def test_outputs_that_agree_on_wrong_values_clear_no_layer(after, severities):
    standardised = Change("features", "every column standardised")
    trial = Trial("image", standardised, 200, 10, after, mcnemar_p(0, after - 10))
    pair = seen_pair(sqnr_db=60.0, agreement=0.2, agreement_interval=(0.1, 0.3))
    same = passed_over(compared(labels=seen_labels(), pair=pair))
    ours = with_layer(SOUND, 1, bias=30 * SOUND[1].bias)
    shown = found(ours, comparison=same, trials=(trial,))
    assert [finding.severity for finding in shown] == severities
