"""Plain (unquoted) scalars as in the core schema of YAML 1.2, section 10.3.

YAML 1.1, which PyYAML follows by itself, reads `1e-3` as text, `no` as false, `0777` as octal and
`12:30:00` as a number; files written for today's tools mean none of that.
"""

import re

NULL = "tag:yaml.org,2002:null"
BOOL = "tag:yaml.org,2002:bool"
INT = "tag:yaml.org,2002:int"
FLOAT = "tag:yaml.org,2002:float"
TEXT = "tag:yaml.org,2002:str"

_FORMS = (
    (NULL, re.compile(r"null|Null|NULL|~|")),
    (BOOL, re.compile(r"true|True|TRUE|false|False|FALSE")),
    (INT, re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")),
    (FLOAT, re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")),
    (FLOAT, re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")),
)

_MOST_DIGITS = 400
"""More digits than any number that fits; reading them would only cost time."""


def tag_of(text: str) -> str:
    """The tag of a plain scalar."""
    return next((tag for tag, form in _FORMS if form.fullmatch(text)), TEXT)


def value_of(tag: str, text: str) -> str | int | float | bool | None:
    """The value of a scalar.

    Raises:
        ValueError: a number that does not fit in 64 bits; the message says so.
    """
    if tag == NULL:
        return None
    if tag == BOOL:
        return text.lower() == "true"
    if tag == INT:
        return _integer(text)
    return _real(text) if tag == FLOAT else text


def _integer(text: str) -> int:
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    value = int(text, base) if len(text) <= _MOST_DIGITS else None
    if value is None or not -(2**63) <= value < 2**63:
        raise ValueError(f"found a whole number of {len(text)} digits, expected at most 64 bits")
    return value


def _real(text: str) -> float:
    if text[-1] in "fFnN":
        return float(text.replace(".", ""))
    value = float(text) if len(text) <= _MOST_DIGITS else float("inf")
    if value in (float("inf"), float("-inf")):
        shown = text if len(text) <= 40 else f"a number of {len(text)} characters"
        raise ValueError(f"found {shown}, expected a number that fits in 64 bits")
    return value
