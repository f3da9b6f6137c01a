"""Rules about the samples and labels that everything is judged by."""
