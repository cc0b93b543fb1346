"""The protocol schema and what is made from it."""
