"""Python objects that the configuration files of tests name."""

import ssl
from typing import Any

from hz_core.load_balancer import RandomLB


class Order:
    """Identified, and Portable at the same time: enough for the checks of options."""

    def read_data(self, reader: Any) -> None: ...
    def write_data(self, writer: Any) -> None: ...
    def read_portable(self, reader: Any) -> None: ...
    def write_portable(self, writer: Any) -> None: ...
    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 2


class OrderSerializer:
    def read(self, reader: Any) -> Any: ...
    def write(self, writer: Any, value: Any) -> None: ...
    def get_type_id(self) -> int:
        return 5


class OrderCompact:
    def read(self, reader: Any) -> Any: ...
    def write(self, writer: Any, value: Any) -> None: ...
    def get_type_name(self) -> str:
        return "order"

    def get_class(self) -> type:
        return Order


class Definition:
    factory_id = 1
    class_id = 2


class Tokens:
    def token(self, address: object = None) -> bytes:
        return b"t"


class LastLB(RandomLB):
    pass


def joined(member: object) -> None: ...


def changed(state: object) -> None: ...


FACTORY = {2: Order}
DEFINITION = Definition()
TOKENS = Tokens()
CONTEXT = ssl.create_default_context()
MEMBERSHIP = (joined, None)
