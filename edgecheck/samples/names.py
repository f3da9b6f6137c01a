"""Names that a spec gives to inputs and columns: that they exist."""

from collections.abc import Iterable, Sequence

from edgecheck.errors import DatasetUnreadable
from edgecheck.rules.wording import and_more
from edgecheck.spec.wording import did_you_mean, quoted


def listed(names: Sequence[str]) -> str:
    """Names for a message, at most 20 of them."""
    return ", ".join(map(quoted, names[:20])) + and_more(len(names), 20)


def column_numbers(names: Sequence[str], columns: Sequence[str], file: str) -> list[int]:
    """Where the columns of these names are.

    Raises:
        DatasetUnreadable: there is none, or more than one; `file` is for the message.
    """
    for name in names:
        if columns.count(name) != 1:
            found = "no column" if name not in columns else f"{columns.count(name)} columns"
            raise DatasetUnreadable(
                f"{file}, line 1: {found} {quoted(name)}{did_you_mean(name, columns)}",
                hint=f"Its columns are {listed(columns)}.",
            )
    return [columns.index(name) for name in names]


def require_inputs(found: Iterable[str], inputs: Sequence[str], section: str) -> None:
    """`section` of the dataset names inputs only.

    Raises:
        DatasetUnreadable: it names something else.
    """
    for name in found:
        if name not in inputs:
            raise DatasetUnreadable(
                f"`{section}` names input {quoted(name)}, the inputs are "
                f"{listed(inputs)}{did_you_mean(name, inputs)}",
                hint="Use the names under `inputs`.",
            )
