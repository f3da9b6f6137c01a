"""Whether the type of a logged tensor can be that of the model."""

from typing import Final

from edgecheck.errors import DumpUnreadable
from edgecheck.match.placed import Placed
from edgecheck.matching.explanation import Match
from edgecheck.rules.wording import plain
from edgecheck.tensors import NUMPY_DTYPES

_CODES: Final = frozenset({"int8", "int16"})
_NARROW: Final = frozenset({"int8", "int16", "uint8", "uint16"})
_FLASHED: Final = "Give the .tflite file that was flashed, or log the values that this one takes."


def require_fitting(placed: Placed, found: Match) -> None:
    """Refuse an input whose values are of another type and are not what the spec says.

    Whole numbers may well be the values of a float input, and pixels (uint8) what an application
    copied there; signed codes are neither.

    Raises:
        DumpUnreadable: truth values, or codes of another file.
    """
    if found.explanations and found.explanations[0].is_harmless:
        return
    logged, own = placed.logged.dtype, placed.port.tensor.dtype
    where = f"input {plain(placed.name)!r} was logged as {logged}, the model has {own}"
    if logged == "bool" != own:
        raise DumpUnreadable(
            f"{where}: truth values are no such input", hint="Log the buffer itself."
        )
    codes = _CODES if found.explanations else _NARROW
    if logged in codes and NUMPY_DTYPES[own].kind == "f":
        raise DumpUnreadable(f"{where}: these are codes of another, quantized file", hint=_FLASHED)


def require_answers(placed: Placed) -> None:
    """Refuse an output of narrow integers where the model answers with floats.

    Raises:
        DumpUnreadable: so it is.
    """
    logged, own = placed.logged.dtype, placed.port.tensor.dtype
    if logged in _NARROW and NUMPY_DTYPES[own].kind == "f":
        raise DumpUnreadable(
            f"output {plain(placed.name)!r} was logged as {logged}, the model has {own}: these are "
            "codes of another, quantized file",
            hint=_FLASHED,
        )
