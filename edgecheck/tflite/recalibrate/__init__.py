"""Writing of new activation ranges into a quantized file."""
