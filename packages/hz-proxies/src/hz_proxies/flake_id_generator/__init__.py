"""Generator of cluster-wide unique ids (``hz:impl:flakeIdGeneratorService``)."""

from hz_proxies.flake_id_generator.blocking import BlockingFlakeIdGenerator
from hz_proxies.flake_id_generator.futures import FlakeIdGenerator
from hz_proxies.flake_id_generator.kind import FLAKE_ID_GENERATOR
from hz_serialization.public_names import publish

__all__ = ["FLAKE_ID_GENERATOR", "BlockingFlakeIdGenerator", "FlakeIdGenerator"]

publish(__name__, (globals()[name] for name in __all__))
