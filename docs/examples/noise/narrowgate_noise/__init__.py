"""Noise levels for Narrowgate: the family and one device."""
