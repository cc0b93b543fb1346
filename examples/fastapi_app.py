"""A FastAPI application with a client, a cached function and a rate limit.

Run it with ``uvicorn --app-dir examples fastapi_app:app``, beside a cluster such as that of ``hz start``.
"""

import asyncio
import os

from fastapi import FastAPI, HTTPException, Request

from hazelcast.asyncio import HazelcastClient
from hz_frameworks import cached
from hz_frameworks.asgi import hazelcast_lifespan

MOST = 5
"""Requests of a client in ``WINDOW`` seconds."""
WINDOW = 10.0

MEMBERS = os.environ.get("HZ_MEMBERS", "127.0.0.1:5701").split(",")
app = FastAPI(lifespan=hazelcast_lifespan(cluster_members=MEMBERS))


def connected() -> HazelcastClient:
    """Return the client of the running application."""
    client: HazelcastClient = app.state.hazelcast
    return client


async def limited(request: Request) -> None:
    """Refuse a client that asks too often, whichever process of the application answers it."""
    who = request.client.host if request.client else "unknown"
    visits = await connected().get_map("visits")
    async with visits.lock_context(who):
        count = await visits.get(who) or 0
        if count >= MOST:
            raise HTTPException(429, "too many requests")
        await visits.set(who, count + 1, ttl=WINDOW)


@app.get("/rates/{currency}")
async def rate(currency: str, request: Request) -> dict[str, float]:
    """Return a rate, which is looked up once in a minute by one process of all."""
    await limited(request)
    return {currency: await rate_of(currency)}


@cached(connected, "rates", ttl=60, stale=60)
async def rate_of(currency: str) -> float:
    """Look up a rate, slowly."""
    await asyncio.sleep(0.2)
    return {"EUR": 1.0, "USD": 1.16}.get(currency, 0.0)
