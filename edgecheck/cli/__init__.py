"""The commands: one thin module each; the only place that prints or exits."""
