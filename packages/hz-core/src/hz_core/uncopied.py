"""What belongs to one client in one process, and so can be neither copied nor pickled."""

from typing import Any, NoReturn


class Uncopied:
    """Base of objects that refuse to be copied or pickled, in words that say what to do instead."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: Any, /) -> NoReturn:
        raise TypeError(
            f"a {type(self).__name__} can be neither copied nor pickled: {self._instead_of_a_copy()}"
        )

    def _instead_of_a_copy(self) -> str:
        """Return what to do instead."""
        return "it belongs to one client; make a client where it is needed, and take it from there"
