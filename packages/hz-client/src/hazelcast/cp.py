"""The CP Subsystem, which ``client.cp_subsystem`` returns."""

from hz_cp.subsystem import CPSubsystem

__all__ = ["CPSubsystem"]
