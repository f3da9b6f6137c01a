"""Which mistake made what a device was given, or gave: searched in its dumps."""
