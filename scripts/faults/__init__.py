"""The fault-injection benchmark: healthy bases, faults, controls, and how the answers are scored."""
