"""Layers that the profiles of Netvox share."""
