"""The distributed objects, one module for each."""
