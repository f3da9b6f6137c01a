"""Rules about the model file itself."""
