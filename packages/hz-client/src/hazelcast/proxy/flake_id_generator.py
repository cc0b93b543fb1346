"""The flake id generator, which ``client.get_flake_id_generator`` returns."""

from hz_proxies.flake_id_generator import BlockingFlakeIdGenerator, FlakeIdGenerator

__all__ = ["BlockingFlakeIdGenerator", "FlakeIdGenerator"]
