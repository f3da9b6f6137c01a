"""Reference and candidate side by side over the dataset, in one streaming pass."""
