"""Rules about what the spec prepares against what the model takes."""
