"""One run of the models of a validation: which ones, what was seen, and the report in the making."""
