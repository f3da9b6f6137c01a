"""Healthy models with their data, each trained with a seed in a few seconds."""
