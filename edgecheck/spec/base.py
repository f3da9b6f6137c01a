"""What all parts of a spec share."""

from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

ONE = "one-or-list:one"
MANY = "one-or-list:many"
SINGLE = "one-or-by-name:one"
LIST = "list-or-by-name:list"
BY_NAME = "by-name"
"""Tags of the forms of a value: once or as a list; or either of them or one for each name."""

TEXT_PATTERN = r"\S"

Text: TypeAlias = Annotated[str, Field(pattern=TEXT_PATTERN)]
"""Text that is not blank."""


def form_of(value: object) -> str:
    """The tag of a value that may be given once or as a list."""
    return MANY if isinstance(value, (tuple, list)) else ONE


def single_or_by_name(value: object) -> str:
    """The tag of a value that may be given once or for each name."""
    return BY_NAME if isinstance(value, dict) else SINGLE


def list_or_by_name(value: object) -> str:
    """The tag of a list that may be given once or for each name."""
    return BY_NAME if isinstance(value, dict) else LIST


PerChannel: TypeAlias = Annotated[
    Annotated[float, Tag(ONE)] | Annotated[tuple[float, ...], Field(min_length=1), Tag(MANY)],
    Discriminator(form_of),
]
"""One number for all channels, or one for each."""


class Misfit(ValueError):
    """Values that are right by themselves do not fit together; `where` is below the part."""

    def __init__(self, where: tuple[str | int, ...], message: str) -> None:
        super().__init__(message)
        self.where = where


class Part(BaseModel):
    """Base of all parts: immutable, no unknown keys, no conversions, finite numbers only."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )
