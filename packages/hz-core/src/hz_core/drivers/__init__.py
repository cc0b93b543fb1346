"""Drivers: bytes in, bytes out and timers, by threads, by asyncio, or by a script on a virtual clock."""
