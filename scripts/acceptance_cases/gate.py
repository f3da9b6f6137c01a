"""Cases of the rules about the run itself."""

import numpy as np
from acceptance_cases.case import Case, negative, positive
from acceptance_cases.ingredients import LABELLED, int8_classifier, npz, row_files, rows, spec


def cases() -> list[Case]:
    """All of them."""
    return [*_skipped(), *_unused()]


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
            "A pipeline that runs with --strict; the spec promises no range.",
            spec(model={"quantization": "full-integer"}, dataset=LABELLED),
            files,
            arguments=strict,
            role="note",
            evidence={"check": "input-range", "reason": "the spec promises no `range`"},
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
