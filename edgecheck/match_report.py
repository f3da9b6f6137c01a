"""The report of a match: plain data, as `findings.py` for a validation, with the same JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from edgecheck.findings import ErrorInfo, Finding, Verdict

SCHEMA_VERSION = 1

State = Literal["same", "harmless", "mistake", "follows", "diverges", "reordered", "unexplained"]
"""same: what spec and model make; harmless: but for what changes no answer; mistake: one is named;
follows: right answers to the input that was fed; diverges: wrong answers to the input that was
fed; reordered: right, but for the order of samples; unexplained: nothing that is known makes it."""


@dataclass(frozen=True)
class TensorMatch:
    """One tensor of the dump beside what it should be."""

    kind: Literal["input", "output"]
    name: str
    state: State
    dtype: str
    """As logged."""
    model_dtype: str
    shape: tuple[int, ...]
    """Of one sample."""
    samples: int
    """Compared."""
    range: tuple[float, float] | None
    """Of the finite values, as logged; absent without any."""
    right_range: tuple[float, float] | None
    """Of what they should be, as real values."""
    nonfinite: int
    """Values that are NaN or infinite."""
    exact_share: float | None = None
    """Of values (of an input) or samples (of an output) that are what they should be."""
    agreement: float | None = None
    """Of outputs that name classes: samples with the same class as on the host."""
    sqnr_db: float | None = None
    """Of outputs, against the host."""
    nearest: str | None = None
    """What comes nearest, where nothing explains the tensor."""
    right_samples: int | None = None
    """Samples that are what they should be throughout, where some are not."""
    differing: tuple[str, ...] = ()
    """Ids of samples that are not, the first 8."""
    wrong_share: float | None = None
    """Of an input: values that are not what the spec says, where they are few or unexplained."""
    place: str | None = None
    """Where in the pictures these values lie, if that is a part of them."""
    deviation: float | None = None
    """Of an output alone: the largest difference from the host's, as a real value."""
    healthy: float | None = None
    """How far other kernels and other roundings would move it at most, as measured."""
    unseen: tuple[str, ...] = ()
    """Mistakes that would change nothing of these samples: nobody can say whether they are made."""


@dataclass(frozen=True, kw_only=True)
class MatchReport:
    """What came of one match."""

    kind: Literal["match"] = "match"
    schema_version: int = SCHEMA_VERSION
    verdict: Verdict
    """pass: the dump is what spec and model make; fail: a mistake is named; inconclusive: it is not,
    and nothing explains it."""
    summary: str
    exit_code: int
    findings: tuple[Finding, ...] = ()
    """Mistakes first, then what is harmless."""
    tensors: tuple[TensorMatch, ...] = ()
    samples: int = 0
    sample_ids: tuple[str, ...] = ()
    """Of the dataset, in the order of the dump."""
    has_ids: bool = False
    """The dump says which samples it holds; else its rows are taken as the first ones of the
    dataset, in its order."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    error: ErrorInfo | None = None
