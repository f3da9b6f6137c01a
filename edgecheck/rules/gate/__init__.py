"""Rules about the validation run itself."""
