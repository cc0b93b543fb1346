"""Whole maps to files and back, with what is needed to go on after an interruption."""
