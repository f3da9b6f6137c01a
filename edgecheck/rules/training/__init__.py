"""Rules about what training and export put into the file."""
