"""The command line: one thin module a command; the only place that prints or exits."""
