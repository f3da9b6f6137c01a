"""Installed TFLite runtimes, each behind the same session, in a process of its own."""
