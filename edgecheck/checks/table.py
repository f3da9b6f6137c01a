"""All checks, in the order in which they are reported: file, contract, data, outputs, parity."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from edgecheck.checks import (
    accumulators,
    asked,
    audio,
    batch_norm,
    calibration,
    collapse,
    constants,
    data_files,
    delegates,
    feature_steps,
    forensics,
    heads,
    initial_weights,
    input_contract,
    inputs,
    kernels,
    label_order,
    labels,
    layer_weights,
    layers,
    learning,
    metadata,
    normalization,
    origin,
    parity,
    quantization,
    recorded_steps,
    repeats,
    reshaped_axes,
    scales,
    signal,
    stages,
    structure,
    tables,
    target,
    tflm,
    trained_quantization,
    tried_steps,
)
from edgecheck.checks.evidence import Evidence
from edgecheck.findings import Finding
from edgecheck.spec.model import Spec
from edgecheck.tflite.graph import Model


@dataclass(frozen=True)
class Check:
    """One procedure. A static one needs no runtime and no sample, and says more with them."""

    name: str
    run: Callable[[Evidence], Iterator[Finding]]
    is_static: bool
    needs: (
        Literal[
            "walk",
            "stages",
            "weights",
            "fake_quantization",
            "signal",
            "renormalized",
            "original",
            "arena",
            "open_batch",
            "tflm",
            "target",
        ]
        | None
    ) = None
    """The part of the evidence that it judges; it is planned only where that is there."""
    is_asked: Callable[[Spec, Model | None], bool] = asked.always
    """Whether spec and file ask for what it judges; else it is not planned either."""


CHECKS: Final = (
    Check("target-operators", target.check_operators, is_static=True),
    Check("target-types", target.check_types, is_static=True, needs="target"),
    Check("target-memory", target.check_memory, is_static=True, needs="target"),
    Check("input-names", input_contract.check_names, is_static=True),
    Check("input-shapes", input_contract.check_shapes, is_static=True),
    Check("input-dtypes", input_contract.check_dtypes, is_static=True),
    Check("input-dynamic-shapes", input_contract.check_dynamic, is_static=True),
    Check("input-output-order", input_contract.check_order, is_static=True),
    Check("input-steps", inputs.check_steps, is_static=True),
    Check("metadata", metadata.check, is_static=True),
    Check("packed-labels", metadata.check_labels, is_static=True),
    Check("audio-features", audio.check, is_static=True),
    Check(
        "quantization-scheme", quantization.check_scheme, is_static=True, is_asked=asked.has_scheme
    ),
    Check(
        "quantization-scales",
        quantization.check_scales,
        is_static=True,
        is_asked=asked.is_quantized,
    ),
    Check(
        "calibration-range", calibration.check, is_static=True, is_asked=asked.has_quantized_input
    ),
    Check("in-graph-normalization", normalization.check, is_static=True),
    Check("calibration-zeros", scales.check_calibration, is_static=True),
    Check("input-quantize", scales.check_input, is_static=True),
    Check("copied-codes", scales.check_copies, is_static=True),
    Check("fixed-scales", scales.check_fixed, is_static=True),
    Check("constants-finite", constants.check_finite, is_static=True),
    Check("constants-float16", constants.check_float16, is_static=True),
    Check("weights-trained", initial_weights.check, is_static=True),
    Check("weight-channels", constants.check_channels, is_static=True),
    Check("bias-values", accumulators.check_biases, is_static=True),
    Check("int16-kernels", accumulators.check_int16, is_static=True),
    Check("recurrent-layers", structure.check_recurrent, is_static=True),
    Check("output-head", structure.check_head, is_static=True),
    Check("output-reach", structure.check_reach, is_static=True),
    Check("random-operators", structure.check_random, is_static=True),
    Check("batch-statistics", structure.check_batch_statistics, is_static=True),
    Check("file-age", structure.check_age, is_static=True),
    Check("reference-weights", origin.check, is_static=True, needs="weights"),
    Check("layer-weights", layer_weights.check, is_static=True, needs="weights"),
    Check("label-count", labels.check_count, is_static=True, is_asked=asked.has_labels_or_names),
    Check("input-finite", inputs.check_finite, is_static=False),
    Check("input-range", inputs.check_range, is_static=False, is_asked=asked.has_range),
    Check("input-variation", inputs.check_variation, is_static=False),
    Check("stored-images", data_files.check, is_static=False),
    Check("feature-scales", tables.check, is_static=False),
    Check("feature-steps", feature_steps.check, is_static=False),
    Check("tried-steps", tried_steps.check, is_static=False),
    Check("reshaped-axes", reshaped_axes.check, is_static=False, is_asked=asked.has_labels),
    Check("recorded-steps", recorded_steps.check, is_static=False, is_asked=asked.has_labels),
    Check("label-order", label_order.check, is_static=False, is_asked=asked.has_labels),
    Check("normalization-statistics", batch_norm.check, is_static=False, needs="renormalized"),
    Check("signal", signal.check, is_static=False, needs="signal"),
    Check("training", learning.check, is_static=False, is_asked=asked.has_labels),
    Check("label-balance", labels.check_balance, is_static=False, is_asked=asked.names_classes),
    Check("reference-accuracy", labels.check_reference, is_static=False, is_asked=asked.has_truth),
    Check("output-finite", collapse.check_finite, is_static=False),
    Check("output-zero", collapse.check_zero, is_static=False),
    Check("output-constant", collapse.check_constant, is_static=False),
    Check("output-classes", collapse.check_classes, is_static=False),
    Check("output-distinct", collapse.check_distinct, is_static=False),
    Check("input-sensitivity", collapse.check_sensitivity, is_static=False),
    Check("output-groups", heads.check_scale, is_static=False),
    Check("detections", heads.check_postprocessed, is_static=False),
    Check("parity", parity.check, is_static=False),
    Check("conversion", stages.check_conversion, is_static=False, needs="stages"),
    Check(
        "trained-quantization",
        trained_quantization.check,
        is_static=False,
        needs="fake_quantization",
    ),
    Check("layer-ranges", layers.check_calibration, is_static=False, needs="walk"),
    Check("calibration-forensics", forensics.check, is_static=False, needs="walk"),
    Check("layer-steps", layers.check_range, is_static=False, needs="walk"),
    Check("layer-operators", layers.check_operator, is_static=False, needs="walk"),
    Check(
        "layer-float16", layers.check_half, is_static=False, needs="walk", is_asked=asked.is_half
    ),
    Check("layer-outputs", layers.check_outputs, is_static=False, needs="walk"),
    Check("edgetpu-answers", delegates.check, is_static=False, needs="original"),
    Check("kernels", kernels.check, is_static=False),
    Check("reference-kernels", kernels.check_reference, is_static=False),
    Check("batch", kernels.check_batch, is_static=False, needs="open_batch"),
    Check("threads", repeats.check_threads, is_static=False),
    Check("repeated-runs", repeats.check_memory, is_static=False),
    Check("state", repeats.check_state, is_static=False),
    Check("tflm-arena", tflm.check_arena, is_static=False, needs="arena"),
    Check("tflm-answers", tflm.check_answers, is_static=False, needs="tflm"),
)
