"""How many samples a model has time for, by the latency that was measured."""

from typing import Final

BUDGET_MS: Final = 10_000.0
"""What the runs of one model for one purpose may take."""

_INSTANT_MS: Final = 1e-3
"""No run is taken to be faster."""


def affordable(
    latency_ms: float, runs: float, least: int, most: int, *, budget_ms: float | None = None
) -> int:
    """Samples that fit the budget, no fewer than `least` and else no more than `most`.

    Args:
        latency_ms: milliseconds that one run of one sample takes.
        runs: times that every sample is run.
        least: fewer would show too little.
        most: more would show no more.
        budget_ms: `BUDGET_MS` if None.
    """
    whole = BUDGET_MS if budget_ms is None else budget_ms
    return max(least, min(most, int(whole / max(latency_ms * runs, _INSTANT_MS))))
