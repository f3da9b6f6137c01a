"""New activation ranges for a file: chosen on samples, written, and tried."""
