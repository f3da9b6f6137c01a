"""A JSON file of settings that nobody has to trust, with typed access to its values."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from edgecheck.errors import InputMissing, UnusableError
from edgecheck.spec.wording import found, quoted

MAX_BYTES = 1 << 20
"""Far more than any such file; keeps a mistaken path from being parsed for minutes."""
_MOST_DIGITS = 400


@dataclass(frozen=True)
class JsonConfig:
    """The keys and values of the file; `name` is for messages.

    Every reader returns `default` where the key is absent or null, and raises UnusableError where
    the value is of another type.
    """

    name: str
    values: dict[str, Any]

    def has(self, key: str) -> bool:
        """Whether the file says anything about it."""
        return self.values.get(key) is not None

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self.values.get(key)
        if value is None:
            return default
        return value if isinstance(value, bool) else self.refuse(key, "true or false")

    def number(self, key: str, default: float | None = None) -> float | None:
        """A finite number."""
        value = self.values.get(key)
        if value is None:
            return default
        return float(value) if _is_number(value) else self.refuse(key, "a finite number")

    def whole(self, key: str, default: int | None = None) -> int | None:
        """A whole number."""
        value = self.values.get(key)
        if value is None:
            return default
        return int(value) if _is_whole(value) else self.refuse(key, "a whole number")

    def text(self, key: str) -> str:
        """Text; empty where there is none."""
        value = self.values.get(key)
        if value is None:
            return ""
        return value if isinstance(value, str) else self.refuse(key, "text")

    def numbers(self, key: str) -> tuple[float, ...]:
        """One number or a list of them; () where there is none."""
        value = self.values.get(key)
        if value is None:
            return ()
        listed = value if isinstance(value, list) else [value]
        if not 0 < len(listed) <= 4096 or not all(map(_is_number, listed)):
            self.refuse(key, "a finite number, or a list of them")
        return tuple(map(float, listed))

    def sizes(self, key: str) -> dict[str, int] | int | None:
        """One whole number, or several by name; [height, width] counts as such."""
        value = self.values.get(key)
        if isinstance(value, list) and len(value) == 2:
            value = dict(zip(("height", "width"), value, strict=True))
        if value is None or _is_whole(value):
            return value
        if isinstance(value, dict):
            stated = {str(each): size for each, size in value.items() if size is not None}
            if all(map(_is_whole, stated.values())):
                return stated
        return self.refuse(key, 'a whole number or {"height": ..., "width": ...}')

    def refuse(self, key: str, expected: str) -> NoReturn:
        """Say that a value is not what it should be."""
        raise UnusableError(
            f"{self.name}: {quoted(key)} is {found(_shown(self.values.get(key)))}, "
            f"expected {expected}",
            hint="correct the file, or start without --from",
        )


def read_json_config(path: Path) -> JsonConfig:
    """Read a JSON file whose root is an object.

    Raises:
        InputMissing: there is no such file.
        UnusableError: it cannot be read, or is something else.
    """
    name = path.name
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputMissing(f"there is no file {path}", hint="check the path") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        message = f"cannot read {path}: {reason}"
        raise UnusableError(message, hint="give a readable file") from None
    if len(data) > MAX_BYTES:
        _not_json(name, f"has more than {MAX_BYTES} bytes")
    try:
        values = json.loads(data.decode("utf-8-sig"), parse_int=_whole, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        _not_json(name, "is nested too deep" if isinstance(error, RecursionError) else str(error))
    if not isinstance(values, dict):
        _not_json(name, "holds no object")
    return JsonConfig(name, values)


def _not_json(name: str, why: str) -> NoReturn:
    raise UnusableError(
        f"{name} is no JSON object of settings: {why[:200]}",
        hint="give the preprocessor_config.json of the model that was trained",
    )


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 53


def _is_number(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return _is_whole(value)


def _shown(value: object) -> object:
    """Lists as the words of messages know them; numbers too long to be shown as text."""
    if isinstance(value, list):
        return tuple(value)
    return "a huge number" if isinstance(value, int) and abs(value) >= 1 << 63 else value
