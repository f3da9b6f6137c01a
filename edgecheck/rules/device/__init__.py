"""Rules of what only a dump from the device shows."""
