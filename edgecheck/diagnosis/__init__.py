"""From findings to causes: experiments that undo a suspected cause, and the ranking."""
