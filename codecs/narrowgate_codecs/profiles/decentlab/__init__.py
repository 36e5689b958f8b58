"""Layers that the profiles of Decentlab share."""
