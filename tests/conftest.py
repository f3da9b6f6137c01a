"""Settings of all tests."""

from hypothesis import settings

# Machines of CI are noisy: how long an example takes says nothing about the code.
settings.register_profile("edgecheck", deadline=None)
settings.load_profile("edgecheck")
