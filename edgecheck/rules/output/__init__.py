"""Rules about what the model answers over the dataset."""
