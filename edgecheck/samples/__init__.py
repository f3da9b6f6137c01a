"""Dataset readers: lazy, a chunk of samples in memory at a time."""
