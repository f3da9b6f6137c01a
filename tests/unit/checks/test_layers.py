import math

import pytest
from evidence import compared, evidence, passed_over, seen_pair, spec, tensor
from layers import entry, kernel_output, layer, walked

from edgecheck.checks import kernels, layers
from edgecheck.checks.evidence import NotApplicable
from edgecheck.tflite.graph import Contract, Port

LOST = seen_pair(sqnr_db=4.0, sqnr_db_interval=(3.0, 5.0))
SOUND = seen_pair()


def case(*seen, pair=LOST, kernel=None, **changes):
    walk = walked(*seen, kernels=kernel)
    return evidence(comparison=passed_over(compared(pair=pair)), walk=walk, **changes)


def found(check, *seen, **options):
    return [(f.severity, f.rule, f.subject.name) for f in check(case(*seen, **options))]


CUT = {"clip_below": 0.45, "isolated_sqnr_db": 11.0, "decides": True}


def test_without_a_walk_nothing_is_judged():
    with pytest.raises(NotApplicable, match="not walked"):
        list(layers.check_calibration(evidence()))


def test_cut_off_logits_are_an_error_where_parity_is_lost():
    seen = (entry(), layer(0), layer(1, **CUT))
    expected = ("calibration-unrepresentative", "layer1")
    assert found(layers.check_calibration, *seen) == [("error", *expected)]
    assert found(layers.check_calibration, *seen, pair=SOUND) == [("info", *expected)]


def test_the_first_bad_tensor_is_named_before_the_output_that_it_spoils():
    spoiled = layer(1, clip_above=0.003, upstream_sqnr_db=3.0, isolated_sqnr_db=20.0, decides=True)
    first = layer(0, clip_above=0.49, sqnr_db=3.0, isolated_sqnr_db=3.0)
    expected = [("error", "calibration-unrepresentative", "layer0")]
    assert found(layers.check_calibration, entry(), first, spoiled) == expected


def test_clipping_that_costs_nothing_is_left_alone():
    seen = (entry(clip_above=0.014, sqnr_db=47.0), layer(0, clip_above=0.05, isolated_sqnr_db=31.0))
    assert found(layers.check_calibration, *seen) == []


def test_a_softmax_that_rounds_its_one_down_is_not_clipped():
    softmax = layer(1, op="SOFTMAX", clip_above=0.08, isolated_sqnr_db=20.0)
    assert found(layers.check_calibration, entry(), layer(0), softmax) == []


def test_float_files_have_no_ranges_to_judge():
    with pytest.raises(NotApplicable, match="no quantized activation"):
        found(layers.check_calibration, layer(0, representable=None, scale=None, codes=None))


FOREIGN = [
    layer(n, clip_above=0.03, isolated_sqnr_db=14.0, float_range=(0.0, 24.8)) for n in range(9)
]


def test_samples_of_another_kind_are_named_and_calibration_is_not():
    (finding,) = layers.check_calibration(case(entry(), *FOREIGN, layer(9)))
    assert (finding.rule, finding.severity) == ("inputs-out-of-domain", "error")
    assert finding.evidence["tensors"] == 9
    assert finding.evidence["activations"] == 10
    assert finding.evidence["worst_times"] == pytest.approx(4.0)


@pytest.mark.parametrize(
    "seen",
    [
        (entry(clip_above=0.06), *FOREIGN),
        (entry(), layer(0), *FOREIGN[1:3], *map(layer, range(3, 9))),
        (entry(), *FOREIGN[:3]),
    ],
    ids=["input cut off too", "only a few", "too few to tell"],
)
def test_bad_ranges_alone_are_blamed_on_calibration(seen):
    assert found(layers.check_calibration, *seen)[0][:2] == (
        "error",
        "calibration-unrepresentative",
    )


def test_foreign_samples_without_loss_are_no_error():
    assert found(layers.check_calibration, entry(), *FOREIGN, pair=SOUND)[0][0] == "info"


WIDE = {
    "representable": (-3.0, 1001.0),
    "scale": 1004 / 255,
    "core_range": (-1.0, 1.5),
    "isolated_sqnr_db": 1.2,
}


def test_a_range_that_few_values_decide_is_named_once():
    seen = (entry(), layer(0, **WIDE), layer(1, **{**WIDE, "upstream_sqnr_db": 1.2}))
    expected = [("error", "quant-range-outlier", "layer0")]
    assert found(layers.check_range, *seen) == expected
    assert found(layers.check_range, *seen, pair=SOUND)[0][0] == "warning"


INEXACT = {"sqnr_db": 17.0, "sqnr_db_interval": (16.0, 18.0)}
NO_CLASSES = {"agreement": None, "agreement_interval": None, "kl_median": None}


def few_steps(levels=2.0):
    return {**WIDE, "core_range": (0.0, levels * WIDE["scale"]), "isolated_sqnr_db": 8.0}


@pytest.mark.parametrize(("levels", "severity"), [(2.0, "error"), (20.0, "warning")])
def test_a_range_that_leaves_few_steps_is_an_error_as_soon_as_an_output_shows_it(levels, severity):
    seen, doubtful = (entry(), layer(0, **few_steps(levels))), seen_pair(**INEXACT, **NO_CLASSES)
    assert found(layers.check_range, *seen, pair=doubtful)[0][0] == severity
    assert found(layers.check_range, *seen, pair=SOUND)[0][0] == "warning"


@pytest.mark.parametrize(
    ("agreement", "severity"), [(1.0, "warning"), (0.92, "error")], ids=["same answers", "others"]
)
def test_few_steps_that_leave_answers_as_they_are_are_no_error(agreement, severity):
    pair = seen_pair(**INEXACT, agreement=agreement, agreement_interval=(agreement, agreement))
    assert found(layers.check_range, entry(), layer(0, **few_steps()), pair=pair)[0][0] == severity


def test_few_steps_that_only_miss_a_tolerance_of_the_user_are_no_error():
    told = spec(tolerances={"sqnr_db": 33})
    seen, pair = (entry(), layer(0, **few_steps())), seen_pair(**NO_CLASSES)
    strict = evidence(spec=told, comparison=passed_over(compared(pair=pair)), walk=walked(*seen))
    assert layers.has_lost_parity(strict) is False
    assert [finding.severity for finding in layers.check_range(strict)] == ["warning"]


@pytest.mark.parametrize(
    "changes",
    [
        {"isolated_sqnr_db": 40.0},
        {"core_range": (-400.0, 500.0)},
        {"clip_above": 0.2},
        {"float_range": (0.0, 0.0), "core_range": (0.0, 0.0)},
    ],
)
def test_ranges_that_are_used_or_do_no_harm_are_left_alone(changes):
    assert found(layers.check_range, entry(), layer(0, **{**WIDE, **changes})) == []


def test_a_pool_that_loses_the_signal_is_sensitive():
    pool = layer(1, op="MEAN", isolated_sqnr_db=6.0, sqnr_db=6.0)
    assert found(layers.check_operator, entry(), layer(0), pool) == [
        ("error", "activation-sensitive-op", "MEAN")
    ]
    assert found(layers.check_operator, entry(), layer(0), pool, pair=SOUND)[0][0] == "warning"


def test_silu_is_the_product_with_a_logistic():
    gate = layer(0, op="LOGISTIC", tensor=20)
    product = layer(1, op="MUL", inputs=(20,), sqnr_db=6.0)
    assert found(layers.check_operator, entry(), gate, product)[0][1] == "activation-sensitive-op"
    other = layer(1, op="MUL", inputs=(21,), sqnr_db=6.0)
    assert found(layers.check_operator, entry(), gate, other) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"op": "CONV_2D"},
        {"clip_above": 0.1},
        {"core_range": (0.0, 0.1)},
        {"upstream_sqnr_db": 20.0, "isolated_sqnr_db": 9.0},
        {"sqnr_db": 16.0, "isolated_sqnr_db": 16.0},
    ],
)
def test_other_damage_is_not_the_operator_s_kind(changes):
    pool = {"op": "MEAN", "isolated_sqnr_db": 6.0, "sqnr_db": 6.0, **changes}
    assert found(layers.check_operator, entry(), layer(0), layer(1, **pool)) == []


def test_activations_beyond_float16_are_named_where_float16_is_meant():
    large = layer(1, float_range=(-7e4, 3.0))
    promised = spec(model={"task": "classification", "quantization": "float16"})
    (finding,) = layers.check_half(case(layer(0), large, spec=promised))
    assert (finding.rule, finding.evidence["largest"]) == ("fp16-overflow", 7e4)
    assert list(layers.check_half(case(layer(0), spec=promised))) == []


def still_outputs(*constant):
    ports = tuple(Port(f"out{n}", tensor(10 + n)) for n in range(len(constant)))
    contract = Contract((Port("image", tensor()),), ports, 0, None, has_state=False)
    seen = [layer(n, constant_channels=8 * is_still) for n, is_still in enumerate(constant)]
    return found(layers.check_outputs, *seen, contract=contract)


def test_one_of_two_outputs_that_stands_still_is_noted():
    assert still_outputs(True, False) == [("info", "constant-or-unused-output", "out0")]


def test_outputs_that_all_stand_still_are_a_collapse_and_told_elsewhere():
    assert still_outputs(True, True) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"changed_rows": 2}, [("error", "kernel-divergence", "output")]),
        ({"sqnr_db": 8.0}, [("warning", "kernel-divergence", "output")]),
        ({"agreement": 0.7}, [("warning", "kernel-divergence", "output")]),
        ({"sqnr_db": 22.0, "agreement": 0.95}, []),
        ({"sqnr_db": None, "agreement": None}, []),
        ({"sqnr_db": math.nan, "agreement": None}, []),
    ],
)
def test_kernels_may_differ_a_little(changes, expected):
    assert found(kernels.check, layer(0), kernel=kernel_output(**changes)) == expected


def test_the_largest_value_means_nothing_where_there_are_no_classes():
    autoencoder = spec(model={"task": "autoencoder"})
    odd = kernel_output(agreement=0.7)
    assert found(kernels.check, layer(0), kernel=odd, spec=autoencoder) == []
