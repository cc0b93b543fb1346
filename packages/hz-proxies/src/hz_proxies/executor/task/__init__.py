"""Handles of tasks that an executor executes."""
