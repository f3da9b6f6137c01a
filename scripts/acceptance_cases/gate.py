"""Cases of the rules about the run itself."""

import numpy as np
from acceptance_cases.case import Case, negative, positive
from acceptance_cases.ingredients import (
    LABELLED,
    classes_of,
    int8_classifier,
    npz,
    row_files,
    rows,
    spec,
)

from edgecheck.findings import Report
from edgecheck.measurements import Accuracy, Latency, OutputMetrics
from edgecheck.report import json_format


def cases() -> list[Case]:
    """All of them."""
    return [*_skipped(), *_unused(), *_worse()]


def _skipped() -> list[Case]:
    rule, strict = "check-skipped", ["--strict"]
    files = row_files(int8_classifier())
    complete = spec(
        model={"quantization": "full-integer", "labels": ["left", "middle", "right"]},
        row={"range": [-1, 1]},
        dataset=LABELLED,
    )
    return [
        positive(
            rule,
            "A pipeline that runs with --strict; the spec names the shipped file as reference.",
            spec(model={"reference": "model.tflite"}, dataset=LABELLED),
            files,
            arguments=strict,
            role="note",
            evidence={"check": "reference-differs"},
        ),
        negative(
            rule,
            "The same pipeline, with a spec that says everything.",
            complete,
            files,
            arguments=strict,
        ),
    ]


def _unused() -> list[Case]:
    rule = "unused-ignore"
    repeated = npz(row=np.concatenate([rows(30), rows(10)]))
    return [
        positive(
            rule,
            "What the entry was written for was repaired long ago.",
            spec(ignore=[{"rule": "parity-loss", "reason": "known since March"}]),
            row_files(int8_classifier()),
            exit_code=0,
            severity="warning",
            role="note",
            evidence={"rule": "parity-loss", "reason": "known since March"},
        ),
        negative(
            rule,
            "The entry is in use: some samples do repeat.",
            spec(ignore=[{"rule": "dataset-duplicates", "reason": "the belt stands still"}]),
            {**row_files(int8_classifier()), **repeated},
        ),
    ]


def _worse() -> list[Case]:
    rule = "baseline-regression"
    values = rows(40)
    labels = classes_of(values)
    labels[::5] = (labels[::5] + 1) % 3
    files = {**row_files(int8_classifier()), **npz(row=values, label=labels)}
    arguments = ["--baseline", "baseline.json"]
    return [
        positive(
            rule,
            "It answers as its reference does, but that one was trained worse than the last release.",
            spec(dataset=LABELLED),
            {**files, **_release(Accuracy(1.0, 1000))},
            arguments=arguments,
            role="note",
            evidence={"output": "output"},
        ),
        negative(
            rule,
            "As good as the last release, but for chance; a faster host made that report.",
            spec(dataset=LABELLED),
            {**files, **_release(Accuracy(0.85, 40))},
            arguments=arguments,
        ),
    ]


def _release(accuracy: Accuracy) -> dict[str, bytes]:
    """The report of the last release, which passed: only what is compared."""
    report = Report(
        verdict="pass",
        summary="No error found.",
        root_cause=None,
        causes=(),
        findings=(),
        checks=(),
        settings={},
        environment={"edgecheck": "0.0.1", "host": "the build machine of last year"},
        exit_code=0,
        outputs=(OutputMetrics("output", accuracy.samples, 40, 0, accuracy=accuracy),),
        latency_ms=Latency(1e-6, 1e-6, 1e-6),
    )
    return {"baseline.json": json_format.render(report).encode()}
