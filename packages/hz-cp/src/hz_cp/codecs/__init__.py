"""Codecs of the CP Subsystem's messages, generated from ``protocol/``, a module for each service."""
