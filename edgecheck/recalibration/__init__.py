"""New activation ranges for a file: whether they can help, choosing them, and whether they did."""
