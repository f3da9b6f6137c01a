"""One small module a check; `table.py` lists them in the order in which they are reported.

A check is a function of `Evidence` that yields findings. It raises `NotApplicable` with the reason
where it lacks what it needs to judge: that shows as skipped, never as passed. Where it looked and
there is nothing of the kind that it judges, it passes.
"""
