"""A first spec for a model: facts with where they come from, and the YAML text that says so."""
