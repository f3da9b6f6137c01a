"""What a first spec says, and where each part of it comes from."""

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from edgecheck.spec.step_part import StepPart

T_co = TypeVar("T_co", covariant=True)

Certainty = Literal["read", "guessed", "unknown"]
"""read: stated by a file or by the user; guessed: likely, to be checked; unknown: an example that
is written as a comment, because only the training code tells."""


@dataclass(frozen=True)
class Fact(Generic[T_co]):
    """A value of the spec, and why it stands there."""

    value: T_co
    why: str
    """For the comment beside it: where it comes from, or what to do."""
    certainty: Certainty = "read"

    @property
    def comment(self) -> str:
        """`why`, with the mark that people search for."""
        return {"read": "", "guessed": "guessed: ", "unknown": "TODO: "}[self.certainty] + self.why


StepFact = Fact[StepPart]


@dataclass(frozen=True)
class InputFacts:
    """One input of the spec."""

    name: Fact[str]
    kind: Fact[str]
    shape: Fact[tuple[int, ...]] | None = None
    layout: Fact[str] | None = None
    sample_rate: Fact[int] | None = None
    range: Fact[tuple[float, float]] | None = None
    steps: tuple[StepFact, ...] = ()
    remarks: tuple[str, ...] = ()
    """What must be looked at; each becomes a TODO above the steps."""


@dataclass(frozen=True)
class SpecFacts:
    """A whole spec."""

    model: str
    """Name of the model file."""
    task: Fact[str]
    quantization: Fact[str] | None
    labels: Fact[tuple[str, ...]] | None
    inputs: tuple[InputFacts, ...]
    remarks: tuple[str, ...] = ()
    """What else must be looked at."""


@dataclass(frozen=True)
class Recipe:
    """Preprocessing that is known from elsewhere than the model."""

    kind: Literal["image", "audio"]
    origin: str
    """Where it is from, for comments."""
    values: tuple[StepFact, ...]
    """Of an image: what is done to the values of its pixels; of sound: all steps."""
    geometry: tuple[StepFact, ...] | None = None
    """Of an image: resizing and cropping; None where the recipe leaves that to the caller."""
    sample_rate: Fact[int] | None = None
    remarks: tuple[str, ...] = ()
