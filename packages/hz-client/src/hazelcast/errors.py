"""The errors that the client raises; `server_error` gives what a member said about one."""

from hz_core.errors import *  # noqa: F403 - one list of names, in hz_core
from hz_core.errors import __all__ as __all__
