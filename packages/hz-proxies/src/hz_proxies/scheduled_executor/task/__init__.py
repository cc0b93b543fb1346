"""Handles of tasks of a scheduled executor."""
