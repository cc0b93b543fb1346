"""A client for the time that an ASGI application runs."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, Final

from hazelcast.asyncio import HazelcastClient
from hazelcast.config import Config

STATE: Final = "hazelcast"
"""Where requests find the client: ``request.state.hazelcast``."""

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Lifespan = Callable[[Any], AbstractAsyncContextManager[Mapping[str, Any] | None]]


def hazelcast_lifespan(
    config: Config | None = None, *, inner: Lifespan | None = None, **options: Any
) -> Callable[[Any], AbstractAsyncContextManager[dict[str, Any]]]:
    """Return a lifespan for Starlette and FastAPI: the client connects at the start and closes at the end.

    Requests find it as ``request.state.hazelcast``, everything else as ``app.state.hazelcast``. An application whose
    cluster cannot be reached does not start.

    Args:
        config: The options of the client; None for those that every client finds.
        inner: Another lifespan, which runs within this one; what it yields is added to the state.
        **options: Options of the client by name.
    """

    @asynccontextmanager
    async def lifespan(application: Any) -> AsyncIterator[dict[str, Any]]:
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(HazelcastClient(config, **options))
            state: dict[str, Any] = {STATE: client}
            if hasattr(application, "state"):
                setattr(application.state, STATE, client)
            if inner is not None:
                more = await stack.enter_async_context(inner(application))
                state.update({} if more is None else more)
            yield state

    return lifespan


class HazelcastMiddleware:
    """Gives any ASGI application a client, as ``scope["state"]["hazelcast"]``.

    Args:
        application: The application.
        config: The options of the client; None for those that every client finds.
        **options: Options of the client by name.
    """

    def __init__(self, application: Application, config: Config | None = None, **options: Any) -> None:
        self._application = application
        self._config = config
        self._options = options
        self._client: HazelcastClient | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a connection, or the lifespan."""
        if scope["type"] != "lifespan":
            if self._client is not None:
                scope.setdefault("state", {})[STATE] = self._client
            await self._application(scope, receive, send)
            return
        await self._live(scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Connect before the application starts, and close the client after it has ended."""

        async def receive_connected() -> Message:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._client = await HazelcastClient.create_and_start(self._config, **self._options)
                scope.setdefault("state", {})[STATE] = self._client
            return message

        async def send_after_the_end(message: Message) -> None:
            if message["type"] == "lifespan.shutdown.complete":
                await self._close()
            await send(message)

        try:
            await self._application(scope, receive_connected, send_after_the_end)
        finally:
            await self._close()

    async def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.shutdown()
