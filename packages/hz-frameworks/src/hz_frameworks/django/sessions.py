"""Sessions of Django in a cluster: ``SESSION_ENGINE = "hz_frameworks.django.sessions"``.

``HAZELCAST_SESSIONS`` in the settings may have ``LOCATION``, ``MAP``, ``OPERATION_TIMEOUT`` and ``CLIENT``, as the
options of the cache. Entries expire with their sessions, so nothing has to be cleared.
"""

from typing import Any, Final

from django.conf import settings
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError

from hz_frameworks.clients import shared_client
from hz_frameworks.pickled import PickledMap

DEFAULT_MAP: Final = "django-sessions"
"""Name of the map, unless the settings name another."""


class SessionStore(SessionBase):
    """A session; Django makes it.

    Args:
        session_key: The key; None for a new session.
    """

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        options: dict[str, Any] = getattr(settings, "HAZELCAST_SESSIONS", {})
        client_options = dict(options.get("CLIENT") or {})
        self._map = PickledMap(
            lambda: shared_client(options.get("LOCATION"), client_options),
            options.get("MAP", DEFAULT_MAP),
            options.get("OPERATION_TIMEOUT"),
        )

    def exists(self, session_key: str | None) -> bool:
        """Return whether there is a session with this key."""
        return bool(session_key) and self._map.contains(str(session_key))

    def create(self) -> None:
        """Begin a session with a key that no other one has."""
        while True:
            self._session_key = self._get_new_session_key()
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:
        """Store the session.

        Raises:
            CreateError: It must be a new one, and is not.
            UpdateError: It was deleted meanwhile.
        """
        if self.session_key is None:
            self.create()
            return
        data = self._get_session(no_load=must_create)
        ttl = float(self.get_expiry_age())
        if ttl <= 0:
            self._map.delete(self.session_key)
        elif must_create:
            if not self._map.add(self.session_key, data, ttl):
                raise CreateError
        elif not self._map.replace(self.session_key, data, ttl):
            raise UpdateError

    def load(self) -> dict[str, Any]:
        """Return what the session holds; an empty one without a key if there is none."""
        data: dict[str, Any] | None = self._map.get(self.session_key) if self.session_key else None
        if data is None:
            self._session_key = None
            return {}
        return data

    def delete(self, session_key: str | None = None) -> None:
        """Remove a session, this one without a key."""
        key = session_key or self.session_key
        if key is not None:
            self._map.delete(key)

    @classmethod
    def clear_expired(cls) -> None:
        """Do nothing: members remove what has expired."""
