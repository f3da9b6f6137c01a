"""One small module a check; `table.py` lists them in the order in which they are reported.

A check is a function of `Evidence` that yields findings. It raises `NotApplicable` with the reason
when what it judges is not there; that shows as skipped, never as passed.
"""
