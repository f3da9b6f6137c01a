"""Repairing a file: whether new ranges can help, choosing them, and whether they did."""

from edgecheck.repair.repairing import RepairOptions, repair, stopped

__all__ = ["RepairOptions", "repair", "stopped"]
