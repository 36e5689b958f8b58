"""Manhole covers for Narrowgate: the family and one device."""
