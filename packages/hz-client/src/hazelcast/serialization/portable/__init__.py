"""Definitions of Portable classes."""
