"""The errors that the client raises; ``server_error`` returns what a member reported about an error."""

from hz_core.errors import *  # noqa: F403  # one list of names, in hz_core
from hz_core.errors import __all__ as __all__
from hz_serialization.public_names import publish

publish(__name__, (globals()[name] for name in __all__), including=("hz_core", "hz_serialization"))
