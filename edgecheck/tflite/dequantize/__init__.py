"""The dequantized twin of a file, whole and with every edge cut."""
