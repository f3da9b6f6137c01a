"""One example of every rule, with the facts of a plausible occurrence."""

from edgecheck.rules.base import Rule
from edgecheck.rules.catalogue import rule_named

_FACTS = {
    "model-file-invalid": {
        "found": "a Git LFS pointer (133 bytes of text)",
        "hint": "Run `git lfs pull`.",
    },
    "partially-quantized-or-hybrid": {"promised": "full-integer", "found": "dynamic-range"},
    "load-failed": {
        "runtime": "litert",
        "version": "2.3.0",
        "phase": "load",
        "sample": None,
        "words": "Didn't find op for builtin opcode 'FULLY_CONNECTED' version '11'.",
    },
    "runtime-crash": {
        "runtime": "litert",
        "version": "2.3.0",
        "phase": "run",
        "cause": "signal 11 (SIGSEGV)",
        "sample": "cat_17.png",
        "words": "INFO: Created TensorFlow Lite XNNPACK delegate for CPU.",
    },
    "runtime-timeout": {
        "runtime": "tflm",
        "version": "0.1",
        "phase": "load",
        "seconds": 30.0,
        "sample": None,
    },
    "input-count-mismatch": {"spec_inputs": ["left"], "model_inputs": ["a", "b"]},
    "input-dtype-mismatch": {
        "input": "ids",
        "dtype": "int32",
        "detail": "sample 3 has the value 0.25",
    },
    "input-rank-or-batch-missing": {
        "input": "image",
        "spec_shape": [28, 28],
        "model_shape": [1, 28, 28, 1],
    },
    "layout-nchw-nhwc": {
        "input": "image",
        "spec_shape": [3, 224, 224],
        "model_shape": [1, 224, 224, 3],
    },
    "channel-count-mismatch": {"input": "image", "spec_channels": 3, "model_channels": 1},
    "input-shape-mismatch": {
        "input": "image",
        "spec_shape": [96, 96, 3],
        "model_shape": [-1, 224, 224, 3],
    },
    "input-range-mismatch": {"input": "image", "promised": [-1, 1], "observed": [0.0, 1.0]},
    "input-not-normalized": {"input": "image", "promised": [-1, 1], "observed": [0.0, 255.0]},
    "calibration-preprocessing-mismatch": {
        "input": "image",
        "representable": [0.0, 255.0],
        "expected": [-1.0, 1.0],
        "expected_from": "data",
        "coverage": 0.5,
        "width_ratio": 127.5,
        "clip_fraction": 0.48,
        "levels_used": 2,
    },
    "quant-scale-degenerate": {"tensor": "conv/Relu", "scale": 0.0},
    "nonfinite-output": {
        "output": "scores",
        "nonfinite": 30,
        "values": 5000,
        "samples_hit": 3,
        "who": "candidate",
    },
    "zero-output": {
        "output": "scores",
        "samples": 200,
        "zero_fraction": 0.995,
        "who": "candidate",
    },
    "constant-output": {
        "output": "scores",
        "samples": 200,
        "spread_lsb": 0.4,
        "spread": 0.0016,
        "who": "candidate",
    },
    "class-collapse": {
        "output": "scores",
        "samples": 500,
        "top_class": 3,
        "share": 0.97,
        "reference_share": 0.12,
        "label_share": 0.1,
        "who": "candidate",
    },
    "input-insensitive": {"input": "image", "output": "scores", "variants": 12, "samples": 4},
    "quant-output-collapse": {
        "output": "scores",
        "samples": 500,
        "distinct": 2,
        "reference_distinct": 480,
    },
    "parity-loss": {
        "output": "scores",
        "metric": "agreement",
        "value": 0.83,
        "limit": 0.93,
        "interval": [0.8, 0.86],
        "samples": 500,
        "reference_accuracy": 0.75,
        "candidate_accuracy": 0.7,
        "p": 0.0005,
    },
    "inputs-nonfinite": {
        "input": "image",
        "nonfinite": 12,
        "samples_hit": 2,
        "example": "cat_17.png",
    },
    "input-constant": {"input": "image", "samples": 200, "distinct": 1},
    "label-count-mismatch": {
        "labels": 1000,
        "classes": 1001,
        "detail": "labels.txt has 1000 lines",
    },
    "dataset-duplicates": {"samples": 200, "distinct": 120, "example": ["a.png", "b.png"]},
    "features-constant": {"input": "table", "indices": [1, 4, 9], "count": 3, "features": 40},
    "reference-inaccurate": {
        "output": "scores",
        "labelled": 200,
        "reference_accuracy": 0.12,
        "commonest_share": 0.105,
    },
    "dataset-single-class": {"label": 3, "share": 0.95, "labelled": 200},
    "check-skipped": {"check": "parity", "reason": "no reference"},
    "unused-ignore": {"rule": "parity-loss", "reason": "known since March"},
}


def example(name: str, **changes: object) -> Rule:
    """An instance of the rule `name`, with some of its facts changed."""
    return rule_named(name)(**{**_FACTS[name], **changes})
