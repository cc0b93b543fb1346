"""Multimaps in transactions."""
