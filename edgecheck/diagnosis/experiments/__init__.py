"""Experiments that undo a suspected cause in memory and measure what that changes."""
