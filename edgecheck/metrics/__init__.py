"""Streaming metrics: `update` with rows, `merge` with another, `compute` at any time.

State does not grow with the number of samples. Sums are float64 and a ratio is formed once.
Non-finite values are left out of every formula and counted by `NonfiniteCount`, never masked.
"""
