"""The objects of the CP Subsystem, one module for each."""
