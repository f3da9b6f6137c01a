"""How values and names from a spec are shown in messages."""

import math
from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST_SHOWN = 60


def quoted(text: str) -> str:
    """The text in quotes, on one line, printable, and not too long for a message."""
    shown = text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."
    return repr(shown)


def found(value: object) -> str:
    """A value as the user wrote it in YAML, or what kind of thing it is."""
    if isinstance(value, str):
        return quoted(value)
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        return "." + str(value) if value > 0 or math.isnan(value) else "-.inf"
    if isinstance(value, (int, float)):
        return repr(value)
    return f"a list of {len(value)}" if isinstance(value, tuple) else "a mapping"


def did_you_mean(word: object, choices: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the closest choice, or nothing when none is close."""
    if not isinstance(word, str) or len(word) > _LONGEST_SHOWN:
        return ""
    by_lower = {choice.lower(): choice for choice in choices}
    close = get_close_matches(word.lower(), by_lower, n=1)
    return f"; did you mean '{by_lower[close[0]]}'?" if close else ""
