"""Python classes that implement Java interfaces: stores, listeners, processors, functions, and any other.

Derive from the class with the name of the Java interface, and pass your object where Java expects the interface.
"""

from hz_embedded.bridge.long_values import Long
from hz_embedded.errors import set_public_module
from hz_embedded.interfaces.access import python_exception, python_object
from hz_embedded.interfaces.base import JavaInterface
from hz_embedded.interfaces.convert import JavaView
from hz_embedded.interfaces.crossing import FACTORY_ID, enable
from hz_embedded.interfaces.dispatch import calling_jvm
from hz_embedded.interfaces.errors import (
    CannotCrossError,
    InterfaceError,
    JavaException,
    MissingMethodError,
)
from hz_embedded.interfaces.functions import (
    BiFunction,
    Callable,
    Comparator,
    Consumer,
    Function,
    Runnable,
    Supplier,
    implement,
    java_function,
)
from hz_embedded.interfaces.listeners import (
    EntryAddedListener,
    EntryEvictedListener,
    EntryExpiredListener,
    EntryListener,
    EntryLoadedListener,
    EntryMergedListener,
    EntryRemovedListener,
    EntryUpdatedListener,
    ItemListener,
    LifecycleListener,
    MapClearedListener,
    MapEvictedListener,
    MapListener,
    MembershipListener,
    MessageListener,
    MigrationListener,
    PartitionLostListener,
)
from hz_embedded.interfaces.pool import attach
from hz_embedded.interfaces.processing import (
    EntryProcessor,
    MapInterceptor,
    Predicate,
    Projection,
    SplitBrainMergePolicy,
    use_merge_policy,
)
from hz_embedded.interfaces.stores import MapLoader, MapStore, MapStoreFactory, QueueStore, store_behind
from hz_embedded.interfaces.views import (
    EntryEvent,
    ItemEvent,
    LifecycleEvent,
    MapEntry,
    MapEvent,
    MembershipEvent,
    MergingEntry,
    Message,
    MigrationState,
    PartitionLostEvent,
    ReplicaMigrationEvent,
)

__all__ = [
    "FACTORY_ID",
    "BiFunction",
    "Callable",
    "CannotCrossError",
    "Comparator",
    "Consumer",
    "EntryAddedListener",
    "EntryEvent",
    "EntryEvictedListener",
    "EntryExpiredListener",
    "EntryListener",
    "EntryLoadedListener",
    "EntryMergedListener",
    "EntryProcessor",
    "EntryRemovedListener",
    "EntryUpdatedListener",
    "Function",
    "InterfaceError",
    "ItemEvent",
    "ItemListener",
    "JavaException",
    "JavaInterface",
    "JavaView",
    "LifecycleEvent",
    "LifecycleListener",
    "Long",
    "MapClearedListener",
    "MapEntry",
    "MapEvent",
    "MapEvictedListener",
    "MapInterceptor",
    "MapListener",
    "MapLoader",
    "MapStore",
    "MapStoreFactory",
    "MembershipEvent",
    "MembershipListener",
    "MergingEntry",
    "Message",
    "MessageListener",
    "MigrationListener",
    "MigrationState",
    "MissingMethodError",
    "PartitionLostEvent",
    "PartitionLostListener",
    "Predicate",
    "Projection",
    "QueueStore",
    "ReplicaMigrationEvent",
    "Runnable",
    "SplitBrainMergePolicy",
    "Supplier",
    "attach",
    "calling_jvm",
    "enable",
    "implement",
    "java_function",
    "python_exception",
    "python_object",
    "store_behind",
    "use_merge_policy",
]

set_public_module(globals())
