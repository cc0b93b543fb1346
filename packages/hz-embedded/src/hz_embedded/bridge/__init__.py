"""The bridge between Python and a JVM: collections, conversion, errors, memory, events and views.

:class:`hz_embedded.Jvm` has its functions as methods. The bridge is based on py4j, whose gateway is ``Jvm.gateway``.
"""

from hz_embedded.bridge.api import JvmBridge
from hz_embedded.bridge.errors import BridgeError, ConversionError, GatewayError
from hz_embedded.bridge.events import (
    GatewayEvent,
    GatewayEventKind,
    GatewayEventRegistration,
    on_gateway_event,
)
from hz_embedded.bridge.java_arrays import JavaArray
from hz_embedded.bridge.java_events import JavaServerListener
from hz_embedded.bridge.java_lists import JavaList
from hz_embedded.bridge.java_maps import JavaMap
from hz_embedded.bridge.java_objects import (
    JavaCollection,
    JavaIterable,
    JavaIterator,
    JavaReference,
    java_method,
)
from hz_embedded.bridge.java_sets import JavaSet
from hz_embedded.bridge.memory import Scope
from hz_embedded.bridge.options import BridgeOptions, BridgeTls
from hz_embedded.bridge.throwables import JavaError, JavaFrame, JavaThrowable, java_throwable
from hz_embedded.errors import set_public_module

__all__ = [
    "BridgeError",
    "BridgeOptions",
    "BridgeTls",
    "ConversionError",
    "GatewayError",
    "GatewayEvent",
    "GatewayEventKind",
    "GatewayEventRegistration",
    "JavaArray",
    "JavaCollection",
    "JavaError",
    "JavaFrame",
    "JavaIterable",
    "JavaIterator",
    "JavaList",
    "JavaMap",
    "JavaReference",
    "JavaServerListener",
    "JavaSet",
    "JavaThrowable",
    "JvmBridge",
    "Scope",
    "java_method",
    "java_throwable",
    "on_gateway_event",
]

set_public_module(globals())
