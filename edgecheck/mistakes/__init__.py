"""What application code does wrong with an input, as functions of arrays: the bank of hypotheses."""
