"""Handles of tasks of a durable executor."""
