"""Codecs of the data structures' messages, generated from ``protocol/``, a module for each service."""
