"""Which operators each runtime release knows: one JSON a family, and `table` to look them up.

`scripts/generate_operator_tables.py` writes the JSON, by asking the releases themselves.
"""
