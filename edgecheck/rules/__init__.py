"""The catalogue of what edgecheck can find: facts and page of each rule. Imports no numpy."""
