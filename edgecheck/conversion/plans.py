"""What a conversion tries."""

from typing import Literal, TypeAlias

from edgecheck.conversion.outcome import Plan
from edgecheck.conversion.schemes import AUTO, Io, Scheme
from edgecheck.errors import UsageError

Quantize: TypeAlias = Scheme | Literal["auto"]


def plans_of(quantize: Quantize, io: Io | None) -> tuple[Plan, ...]:
    """One plan, or with "auto" one for each scheme that has such inputs and outputs.

    Args:
        quantize: the scheme.
        io: type of inputs and outputs; None for int8 with full-integer, else float32.

    Raises:
        UsageError: integer inputs and outputs with a scheme that has none.
    """
    schemes: tuple[Scheme, ...] = AUTO if quantize == "auto" else (quantize,)
    plans = [Plan(each, _io(each, io)) for each in schemes]
    found = tuple(plan for plan in plans if io in {None, plan.io})
    if not found:
        raise UsageError(
            f"--io {io} with --quantize {quantize}",
            hint="integer inputs and outputs go with full-integer",
        )
    return found


def _io(scheme: Scheme, asked: Io | None) -> Io:
    """Inputs and outputs that a scheme has; only full-integer has a choice."""
    return (asked or "int8") if scheme == "full-integer" else "float32"
