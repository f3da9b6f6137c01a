"""Rules about a runtime that cannot load or run the model."""
