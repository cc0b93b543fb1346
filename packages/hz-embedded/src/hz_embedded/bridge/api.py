"""What Python can do with the classes and objects of a JVM."""

import contextlib
from abc import abstractmethod
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, TypeVar

from hz_embedded._py4j import (
    BaseObject,
    Py4JError,
    Py4JJavaError,
    Py4JNetworkError,
    is_instance,
    java_import,
)
from hz_embedded.bridge.clients import refuse_foreign
from hz_embedded.bridge.converting import InputConverters, inputs_of
from hz_embedded.bridge.copying import OutputCopier, copier_of
from hz_embedded.bridge.errors import BridgeError, GatewayError
from hz_embedded.bridge.events import (
    GatewayEventHandler,
    GatewayEventKind,
    GatewayEventRegistration,
    on_gateway_event,
)
from hz_embedded.bridge.java_arrays import JavaArray
from hz_embedded.bridge.java_events import JavaServerListener, ListenerProxy
from hz_embedded.bridge.memory import Scope, held_callbacks, release
from hz_embedded.bridge.options import BridgeOptions
from hz_embedded.bridge.servers import point_java_here
from hz_embedded.bridge.throwables import JavaError, read_throwable
from hz_embedded.bridge.wiring import state_of
from hz_embedded.errors import ConfigurationError

T = TypeVar("T")
E = TypeVar("E", bound=Enum)
# What py4j's functions want of a view.
_OF_VIEWS = ("_gateway_client", "_id")


class JvmBridge:
    """The part of :class:`hz_embedded.Jvm` that works with Java objects. ``gateway`` is the py4j gateway."""

    _bridge: BridgeOptions
    _inputs: InputConverters
    _copier: OutputCopier

    def _attach_bridge(self, gateway: Any) -> None:
        """Set up conversion for a new gateway."""
        client = gateway._gateway_client
        self._inputs = inputs_of(client)
        self._copier = copier_of(client)
        self._inputs.automatic = self._bridge.auto_convert
        client.converters = [self._inputs]

    def _detach_bridge(self, gateway: Any) -> None:
        """Stop the listeners of a closed gateway."""
        listeners = state_of(gateway).listeners
        while listeners:
            listeners.pop().close()

    @property
    @abstractmethod
    def gateway(self) -> Any:
        """The py4j gateway."""

    @property
    def view(self) -> Any:
        """The py4j view of the JVM's classes, with shared imports: ``view.java.util.ArrayList()``."""
        return self.gateway.jvm

    def __getattr__(self, name: str) -> Any:
        """Return a package or class of :attr:`view`: ``jvm.java.util.ArrayList()``."""
        if name.startswith("_") and name not in _OF_VIEWS:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.view, name)

    @property
    def entry_point(self) -> Any:
        """The Java object that was chosen as the entry point of the JVM's side.

        Raises:
            hz_embedded.ConfigurationError: There is none.
        """
        if not state_of(self.gateway).has_entry_point:
            raise ConfigurationError(
                "this JVM has no Java entry point: choose one with BridgeOptions(java_entry_point=...) at its start"
            )
        return self.gateway.entry_point

    @property
    def bridge_options(self) -> BridgeOptions:
        """The options that the bridge was created with."""
        return self._bridge

    @property
    def port(self) -> int:
        """Port of the JVM's side of the bridge."""
        return int(self.gateway.gateway_parameters.port)

    @property
    def callback_port(self) -> int:
        """Port of Python's side of the bridge, which Java calls."""
        return int(self.gateway.get_callback_server().get_listening_port())

    # Classes

    def new_view(self, *imports: str) -> Any:
        """Create a view of the JVM's classes with its own imports.

        Args:
            imports: Classes (``"java.util.ArrayList"``) or packages (``"java.util.*"``) to import; ``java.lang`` is
                always imported.

        Returns:
            A py4j ``JVMView``.
        """
        view = self.gateway.new_jvm_view()
        for each in imports:
            java_import(view, each)
        return view

    def java_import(self, *names: str) -> None:
        """Import classes or packages into the shared view, ``gateway.jvm``.

        Args:
            names: Classes (``"java.util.ArrayList"``) or packages (``"java.util.*"``).
        """
        for each in names:
            java_import(self.gateway.jvm, each)

    def java_class(self, name: str) -> Any:
        """Return the ``java.lang.Class`` of a class by its full name.

        Args:
            name: The name, with ``$`` before the name of a nested class, such as ``"java.util.Map$Entry"``.

        Raises:
            JavaError: There is no such class.
        """
        with self.errors():
            return self.gateway.jvm.java.lang.Class.forName(name)

    def is_instance(self, thing: object, class_name: str) -> bool:
        """Return whether ``thing`` is a Java object of the named class or interface.

        Args:
            thing: Any value; the result is False for Python objects.
            class_name: Full name of the class.
        """
        return isinstance(thing, BaseObject) and is_instance(thing, class_name)

    def help(self, thing: Any, pattern: str | None = None, *, short_names: bool = True) -> str:
        """Describe the methods, fields and inner classes of a Java object, class or method.

        Args:
            thing: What to describe.
            pattern: Describe only the signatures that match; ``*`` matches anything.
            short_names: Omit the packages of classes.
        """
        return str(self.gateway.help(thing, pattern, short_names, display=False))

    def new_array(self, java_class: Any, *dimensions: int) -> JavaArray[Any]:
        """Create a Java array.

        Args:
            java_class: Class of the elements, from a view; ``jvm.view.int`` and so on for primitives.
            dimensions: Length in each dimension.
        """
        made: JavaArray[Any] = self.gateway.new_array(java_class, *dimensions)
        return made

    # Values

    @property
    def auto_convert(self) -> bool:
        """Whether arguments are converted into Java objects if necessary; can be set at any time."""
        self._refuse_dead()
        return self._inputs.automatic

    @auto_convert.setter
    def auto_convert(self, wanted: bool) -> None:
        self._refuse_dead()
        self._inputs.automatic = wanted

    def to_java(self, value: object) -> Any:
        """Copy a Python value into Java.

        A set becomes a ``HashSet``, a mapping and the fields of a dataclass a ``LinkedHashMap``, and any other
        iterable an ``ArrayList``. UUIDs, dates, times, datetimes, timedeltas and integers of more than 64 bits
        become objects of the corresponding Java types. A member of an enum becomes its name, or its value if that is
        a number or string, unless :meth:`map_enum` has been called for the enum. Values that py4j passes by value
        (numbers, strings, bytes, None) are returned unchanged. Functions given to :meth:`input_converter` have
        priority, then py4j's registered converters.

        Raises:
            ConversionError: There is no Java object for the value or for something in it, or that is a Java object
                of another JVM.
        """
        self._refuse_dead()
        made = self._inputs.to_java(value)
        refuse_foreign(made, self.gateway._gateway_client)
        return made

    def to_python(self, value: Any) -> Any:
        """Copy a Java object into Python, including everything in it.

        Maps become dicts, sets become sets, and arrays, lists and other collections become lists; as keys and elements
        of sets, lists become tuples and sets become frozensets. What :meth:`to_java` creates is converted back to the
        original type. Java objects without a corresponding Python type are returned unchanged.

        Raises:
            ConversionError: The Java value does not fit into the Python type, such as a year after 9999, or keys that
                are different in Java are equal in Python, such as the ``Integer`` 1 and the ``Long`` 1.
        """
        return self._copier.copy(value)

    def input_converter(self, python_type: type[T], function: Callable[[T], object]) -> None:
        """Register a conversion of a Python type for :meth:`to_java` and ``auto_convert``.

        Args:
            python_type: The type; its subclasses are included. The converter registered last has priority.
            function: Gets the value and returns a Java object, or another Python value, which is converted in turn,
                but not by this function again.
        """
        self._inputs.register(python_type, function)

    def output_converter(self, java_class: str, function: Callable[[Any], object]) -> None:
        """Register a conversion of Java objects that are received from this JVM from now on.

        Each converter costs one call to the JVM per received object; converters for ``java.util.List``, ``Set``,
        ``Map`` and ``Iterator`` cost nothing.

        Args:
            java_class: Full name of a class or interface. The converter registered last has priority. Exceptions
                are never converted.
            function: Gets the Java object and returns what is used instead.

        Raises:
            BridgeError: There is no such class, or it is ``java.lang.Object``, which would match every object.
        """
        if java_class == "java.lang.Object":
            raise BridgeError(
                "java.lang.Object cannot have an output converter: every object is one, py4j's too"
            )
        self.java_class(java_class)
        state = state_of(self.gateway)
        state.outputs = ((java_class, function), *state.outputs)

    def remove_output_converter(self, java_class: str) -> None:
        """Remove the conversions that :meth:`output_converter` has registered for a class, if any.

        Args:
            java_class: The name that was registered.
        """
        state = state_of(self.gateway)
        state.outputs = tuple(each for each in state.outputs if each[0] != java_class)

    def map_enum(self, python_enum: type[Enum], java_enum: str) -> None:
        """Convert between the members of a Python enum and the constants of the same names of a Java enum.

        Args:
            python_enum: The Python enum.
            java_enum: Full name of the Java enum.

        Raises:
            JavaError: There is no such class.
        """
        name = str(self.java_class(java_enum).getName())
        self._inputs.register_enum(python_enum, name)
        self._copier.register_enum(python_enum, name)

    # Errors

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Return a context manager that raises the errors of this package instead of py4j's errors.

        Raises:
            JavaError: Java code threw an exception.
            JvmDiedError: The JVM ended meanwhile.
            GatewayError: The connection was lost or could not be made.
            ConversionError: An argument cannot be passed.
            BridgeError: Any other error, such as a missing method or class.
        """
        try:
            try:
                yield
            except Py4JJavaError as error:
                raise JavaError(read_throwable(error.java_exception)) from error
        except BridgeError:
            raise
        except Py4JNetworkError as error:
            if not isinstance(error.cause, TimeoutError):
                self._await_end()
            self._refuse_dead()
            raise GatewayError(f"the connection to the JVM failed: {error}") from error
        except Py4JError as error:
            self._refuse_dead()
            raise BridgeError(str(error)) from error

    def _await_end(self) -> None:
        """Wait a moment for the end of the JVM, which is noticed later than the end of a connection."""

    def _refuse_dead(self) -> None:
        _ = self.gateway

    # Memory

    def scope(self) -> Scope:
        """Return a context manager that releases, at its end, all Java objects received in this thread in the block."""
        return Scope(self.gateway)

    def release(self, *things: object) -> None:
        """Release Java objects, or Python objects that were passed to Java, immediately.

        Args:
            things: Java objects; or Python objects that implement Java interfaces, which Java can no longer call then.
        """
        for thing in things:
            release(self.gateway, thing)

    @property
    def held_objects(self) -> int:
        """How many Java objects are kept alive for Python."""
        self.gateway._gateway_client.releaser.flush()
        with self.scope() as scope:
            bindings = self.gateway.java_gateway_server.getGateway().getBindings()
            return len(bindings) - len(scope)

    @property
    def held_callbacks(self) -> int:
        """How many Python objects are kept alive for Java; an object that was passed twice counts twice."""
        return held_callbacks(self.gateway)

    # Events, and calls that start in Java

    def restart_callback_server(self) -> None:
        """Close Python's side of the bridge, start it again and tell Java; a ``callback_port`` of 0 is a new port.

        Python objects that Java knows stay known.

        Raises:
            Py4JNetworkError: The port is taken.
        """
        self.gateway.restart_callback_server()
        point_java_here(self.gateway, self._bridge)

    def on_event(self, handler: GatewayEventHandler, *kinds: GatewayEventKind) -> GatewayEventRegistration:
        """Call ``handler`` for events of the server that accepts this JVM's calls to Python.

        Args:
            handler: Called with each event, in the thread in which it happens; must not wait for calls from Java.
            kinds: The events to report; none means all. The start of the server happens before this method can be
                called: see :func:`hz_embedded.bridge.on_gateway_event`.
        """
        return on_gateway_event(handler, *kinds, server=self.gateway.get_callback_server())

    def add_server_listener(self, listener: JavaServerListener) -> None:
        """Report events of the JVM's side of the bridge to a listener, in a dedicated thread.

        Args:
            listener: Its methods are called one after the other.
        """
        proxy = ListenerProxy(listener)
        state_of(self.gateway).listeners.append(proxy)
        self.gateway.java_gateway_server.addListener(proxy)

    def remove_server_listener(self, listener: JavaServerListener) -> None:
        """Remove a listener that :meth:`add_server_listener` has added; do nothing if there is none.

        Args:
            listener: The listener.
        """
        listeners = state_of(self.gateway).listeners
        for proxy in [each for each in listeners if each.listener is listener]:
            listeners.remove(proxy)
            self.gateway.java_gateway_server.removeListener(proxy)
            self.release(proxy)
            proxy.close()

    def python_entry_point(self, *interfaces: str) -> Any:
        """Return Java's view of the Python object given as ``BridgeOptions.entry_point``.

        Args:
            interfaces: Full names of the Java interfaces that the Java object shall have.

        Raises:
            hz_embedded.ConfigurationError: There is no such object.
        """
        if self._bridge.entry_point is None:
            raise ConfigurationError(
                "this JVM has no Python entry point: give one with BridgeOptions(entry_point=...) at its start"
            )
        classes = self.new_array(self.gateway.jvm.java.lang.Class, len(interfaces))
        for index, each in enumerate(interfaces):
            classes[index] = self.java_class(each)
        return self.gateway.java_gateway_server.getPythonServerEntryPoint(classes)
