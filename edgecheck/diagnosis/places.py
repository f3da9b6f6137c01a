"""What is known about every rule that may be a cause: where it stands, what it spoils, whose work
it may be. One line a rule; `ranking.py` only reads this table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from edgecheck.chain import StageName

Origin: TypeAlias = Literal[
    "file", "contract", "data", "training", "input", "conversion", "weights", "activations",
    "kernels", "device", "runtime", "harmless",
]  # fmt: skip
"""Where a fault lies, in the order of diagnosis: each may be behind all that come after it. `input`:
steps that are not those of training. `runtime`: what a runtime does about a file. `harmless`: no
output is wrong for it."""

Effect: TypeAlias = Literal["labels", "float", "answers", "parity"]
"""What a symptom shows. `labels`: the float model misses labels or targets. `float`: it collapsed.
`answers`: the candidate did. `parity`: the two differ."""

ALL: Final[frozenset[Effect]] = frozenset({"labels", "float", "answers", "parity"})
LABELS: Final[frozenset[Effect]] = frozenset({"labels"})
MODEL: Final[frozenset[Effect]] = frozenset({"labels", "float", "answers"})
"""Of what is wrong with both models alike."""
CANDIDATE: Final[frozenset[Effect]] = frozenset({"answers", "parity"})
NOTHING: Final[frozenset[Effect]] = frozenset()

Facts: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """Where a rule stands among the causes."""

    origin: Origin
    spoils: frozenset[Effect]
    """The symptoms that it can explain."""
    stages: tuple[StageName, ...] = ()
    """Stages of the chain that lose what it spoils: where all of them keep parity, it is not to
    blame for a lost one. Empty where the chain cannot tell."""
    follows: tuple[str, ...] = ()
    """Rules that bring this one about: ranked behind one of them, it is only a consequence."""
    same_as: tuple[str, ...] = ()
    """Rules that say why, where this one says that: one fault, if one experiment undid both."""
    is_specific: Callable[[Facts], bool] = lambda _: False
    """By its evidence: whether it says why, where others of its origin only say that."""
    stands_alone: Callable[[Facts], bool] = lambda _: False
    """By its evidence: whether it is seen without an answer of the model, so that nothing brings it
    about."""
    is_rival: Callable[[Facts], bool] = lambda _: False
    """By its evidence: whether it is named beside an error that it would explain away."""
    is_of_file: bool = False
    """It is in the candidate's own weights: a float model in a file of its own is free of it."""


def _always(_: Facts) -> bool:
    return True


def _is_at_limit(facts: Facts) -> bool:
    """Whether stored values stand at the limit of their type: then it is known what changed them."""
    return facts.get("kind") in {"clamped", "clipped", "infinity"}


def _is_inner(facts: Facts) -> bool:
    """Whether a tensor is no input, whose range other steps may have stretched."""
    return facts.get("operator") not in {"INPUT", "QUANTIZE"}


def _is_unconverted(facts: Facts) -> bool:
    """Whether codes are copied into another scale, which is then too wide or too narrow for them."""
    return facts.get("kind") == "scales"


def _lost_ranges(facts: Facts) -> bool:
    """Whether the file does not hold ranges that training taught."""
    return facts.get("stage") == "activations" and bool(facts.get("differing"))


def _is_recorded(facts: Facts) -> bool:
    """Whether the file's record speaks for another range: it is the rival of a wrong calibration."""
    return facts.get("witness") is not None


def _is_open(facts: Facts) -> bool:
    """Whether nothing tells which of the two is wrong, the spec or the calibration."""
    return facts.get("witness") == "open"


def _is_as_drawn(facts: Facts) -> bool:
    """Whether weights are as an initializer draws them, whatever the model is fed."""
    return bool(facts.get("layers_as_drawn"))


def _is_in_weights(facts: Facts) -> bool:
    """Whether weights alone show that no signal gets through, whatever the model is fed."""
    return facts.get("kind") == "shrunk"


_VALUES: Final = (
    "audio-feature-mismatch", "features-unscaled", "input-double-normalized",
    "input-not-normalized", "input-range-mismatch", "preprocessing-not-in-exported-graph",
)  # fmt: skip
"""Other values than those of training make ranges look wrong."""

_STEPS: Final = (
    *_VALUES, "channel-order-swapped", "io-order-swapped", "layout-nchw-nhwc",
    "orientation-mismatch", "resize-method-mismatch",
)  # fmt: skip
"""Values in other places, too, make statistics and accuracy look wrong."""

_CALIBRATION: Final = (
    "calibrated-on-noise", "calibrated-on-one-sample", "calibration-degenerate",
    "qat-conversion-mismatch",
)  # fmt: skip
"""Why ranges are wrong, which other rules only see."""

_CHANGED: Final = ("bias-overflow", "layer-weights-differ")
"""Layers that compute something else fill no range that was chosen for the right values."""

_TAUGHT: Final = ("qat-conversion-mismatch",)
"""Where ranges that training taught are lost, calibration took their place."""

_NO_SIGNAL: Final = ("nan-or-inf-weights", "weights-not-loaded")

PLACES: Final[Mapping[str, Place]] = {
    # The file holds something else, or what no runtime takes.
    "model-file-invalid": Place("file", NOTHING),
    "nan-or-inf-weights": Place("file", ALL, is_specific=_always, is_of_file=True),
    "weights-not-loaded": Place("file", ALL, is_specific=_always, is_of_file=True),
    "wrong-model-file": Place("file", ALL, follows=("weights-not-loaded",)),
    "op-version-unsupported": Place("file", NOTHING),
    "flex-or-custom-op-required": Place("file", NOTHING),
    # Spec and file do not fit each other.
    "input-count-mismatch": Place("contract", ALL),
    "input-dtype-mismatch": Place("contract", ALL),
    "input-rank-or-batch-missing": Place("contract", ALL),
    "layout-nchw-nhwc": Place("contract", ALL, is_specific=_always),
    "channel-count-mismatch": Place("contract", ALL, is_specific=_always),
    "input-shape-mismatch": Place(
        "contract", ALL,
        follows=("channel-count-mismatch", "input-rank-or-batch-missing", "layout-nchw-nhwc"),
    ),
    "io-order-swapped": Place("contract", ALL, is_specific=_always),
    "output-order-changed": Place("contract", CANDIDATE, is_specific=_always),
    "dynamic-shape-unresolved": Place("contract", ALL),
    "label-count-mismatch": Place("contract", LABELS),
    # The samples.
    "inputs-nonfinite": Place("data", ALL, is_specific=_always),
    "input-constant": Place("data", MODEL, is_specific=_always),
    "features-unscaled": Place("data", ALL, is_specific=_always),
    "label-order-or-offset": Place("data", LABELS, is_specific=_always),
    # The trained model.
    "degenerate-head": Place("training", MODEL, is_specific=_always),
    "train-mode-export": Place("training", ALL, is_specific=_always),
    "bn-statistics-unconverged": Place("training", MODEL, follows=(*_NO_SIGNAL, *_STEPS)),
    # What stands still falls to either side when it is rounded. Values that only come in another
    # order are as large as they were: they stop nothing.
    "dead-activations": Place("training", ALL, follows=(*_NO_SIGNAL, *_VALUES)),
    "saturated-or-vanished": Place(
        "training", ALL, follows=(*_NO_SIGNAL, *_VALUES), stands_alone=_is_in_weights
    ),
    "class-prior-collapse": Place(
        "training", MODEL,
        follows=("dead-activations", "saturated-or-vanished", *_NO_SIGNAL, *_STEPS),
    ),
    "undertrained": Place(
        "training", MODEL,
        follows=("bn-statistics-unconverged", "class-prior-collapse", "dead-activations",
                 "label-order-or-offset", "saturated-or-vanished", *_NO_SIGNAL, *_STEPS),
        stands_alone=_is_as_drawn,
    ),
    # Steps that are not those of training.
    "input-double-normalized": Place("input", ALL, is_specific=_always),
    "input-not-normalized": Place(
        "input", ALL, is_specific=_always, follows=("features-unscaled",), is_rival=_is_open
    ),
    "preprocessing-not-in-exported-graph": Place(
        "input", ALL, ("conversion", "weights"), is_specific=_always
    ),
    "audio-feature-mismatch": Place("input", ALL, is_specific=_always),
    "channel-order-swapped": Place("input", ALL, is_specific=_always),
    "orientation-mismatch": Place("input", ALL, is_specific=_always),
    "resize-method-mismatch": Place("input", ALL, is_specific=_always),
    "aspect-policy-mismatch": Place("input", ALL),
    "inputs-out-of-domain": Place("input", ALL, follows=_STEPS),
    "input-range-mismatch": Place(
        "input", ALL,
        follows=("calibration-preprocessing-mismatch", "audio-feature-mismatch",
                 "features-unscaled", "input-double-normalized", "input-not-normalized",
                 "preprocessing-not-in-exported-graph", *_CALIBRATION),
        stands_alone=_is_recorded, is_rival=_is_open,
    ),
    # From the trained model to the candidate.
    "conversion-divergence": Place(
        "conversion", CANDIDATE, ("conversion",),
        follows=("nan-or-inf-weights", "preprocessing-not-in-exported-graph", "train-mode-export",
                 "wrong-model-file"),
    ),
    "layer-weights-differ": Place(
        "weights", ALL, ("conversion", "weights"), is_of_file=True,
        follows=("wrong-model-file", *_NO_SIGNAL),
        same_as=("bias-overflow", "fp16-overflow", "weight-per-tensor-loss"),
    ),
    "weight-per-tensor-loss": Place(
        "weights", ALL, ("weights",), is_specific=_always, is_of_file=True
    ),
    "bias-overflow": Place(
        "weights", ALL, ("weights", "activations", "kernels"), is_specific=_is_at_limit,
        is_of_file=True,
    ),
    "fp16-overflow": Place(
        "weights", ALL, ("weights", "activations", "kernels"), is_specific=_is_at_limit,
        is_of_file=True,
    ),
    "calibrated-on-noise": Place(
        "activations", CANDIDATE, ("activations",), follows=_TAUGHT, is_specific=_always
    ),
    "calibrated-on-one-sample": Place(
        "activations", CANDIDATE, ("activations",), follows=_TAUGHT, is_specific=_always
    ),
    "calibration-degenerate": Place(
        "activations", CANDIDATE, ("activations",), follows=_TAUGHT, is_specific=_always
    ),
    "qat-conversion-mismatch": Place(
        "activations", CANDIDATE, ("weights", "activations"), is_specific=_lost_ranges
    ),
    "quant-scale-degenerate": Place("activations", CANDIDATE, ("weights", "activations")),
    "quant-range-outlier": Place(
        "activations", CANDIDATE, ("weights", "activations"), is_specific=_is_inner
    ),
    "head-shared-scale": Place("activations", CANDIDATE, ("activations",), is_specific=_always),
    "concat-scale-mismatch": Place(
        "activations", CANDIDATE, ("activations",), follows=("head-shared-scale",),
        is_specific=_is_unconverted,
    ),
    # Constants that undo a step of many units lose the weights' codes, too.
    "in-graph-normalization-int8": Place(
        "activations", CANDIDATE, ("weights", "activations"),
        follows=("calibration-preprocessing-mismatch", *_CALIBRATION),
    ),
    "input-double-quantized": Place("activations", CANDIDATE, ("activations",)),
    # Which of the two is that of training, the record or the spec, it does not know.
    "calibration-preprocessing-mismatch": Place(
        "activations", ALL, ("activations",),
        follows=("io-order-swapped", *_VALUES, *_CALIBRATION),
    ),
    "calibration-unrepresentative": Place(
        "activations", CANDIDATE, ("activations",),
        follows=("calibration-preprocessing-mismatch", "inputs-out-of-domain", *_VALUES,
                 *_CALIBRATION, *_CHANGED),
    ),
    "activation-sensitive-op": Place("activations", CANDIDATE, ("activations", "kernels")),
    "delegate-divergence": Place("kernels", CANDIDATE, ("kernels",)),
    "edgetpu-divergence": Place("kernels", CANDIDATE),
    "arena-corruption": Place("kernels", ALL),
    "uninitialised-output": Place("kernels", ALL),
    "thread-nondeterminism": Place("kernels", CANDIDATE),
    "kernel-divergence": Place(
        "kernels", CANDIDATE, ("kernels",), follows=("nan-or-inf-weights",)
    ),
    "int16x8-unsupported-or-overflow": Place("kernels", CANDIDATE, ("activations", "kernels")),
    # What the firmware does with inputs and outputs: only a dump from it shows that.
    "input-signedness-offset": Place("device", NOTHING),
    "input-cast-without-quantization": Place("device", NOTHING),
    "input-cast-wraparound": Place("device", NOTHING),
    "input-shifted": Place("device", NOTHING),
    "endianness": Place("device", NOTHING),
    "output-not-dequantized": Place("device", NOTHING),
    "output-alias-reuse": Place("device", NOTHING),
    # A runtime that does not take the file: often only the consequence of a fault in it.
    "load-failed": Place(
        "runtime", NOTHING, follows=("flex-or-custom-op-required", "op-version-unsupported")
    ),
    "runtime-crash": Place("runtime", NOTHING),
    "runtime-timeout": Place("runtime", NOTHING),
    # Faults that make no output wrong.
    "delegate-not-used": Place("harmless", NOTHING),
    "device-memory-exceeded": Place("harmless", NOTHING),
    "arena-too-small": Place("harmless", NOTHING, follows=("device-memory-exceeded",)),
    "metadata-missing": Place("harmless", NOTHING),
    "partially-quantized-or-hybrid": Place("harmless", NOTHING),
}  # fmt: skip
"""Rule -> place. A rule of the role cause that is missing here is refused by a test."""

SYMPTOMS: Final[Mapping[str, Effect]] = {
    "reference-inaccurate": "labels",
    "parity-loss": "parity",
    "quant-output-collapse": "parity",
    "class-collapse": "answers",
    "constant-output": "answers",
    "input-insensitive": "answers",
    "nonfinite-output": "answers",
    "zero-output": "answers",
}
"""Rule -> what it shows of the candidate; on the reference, `answers` are those of the float model."""
