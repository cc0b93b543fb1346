"""Codecs of the data structures' messages, generated from ``schema/``, a module for each service."""
