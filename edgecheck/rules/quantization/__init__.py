"""Rules about scales and zero points stored in the file."""
