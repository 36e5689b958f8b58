"""Layers that the profiles of adeunis share."""
