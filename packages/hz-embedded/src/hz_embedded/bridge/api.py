"""What Python can do with a JVM beside starting and ending it."""

from __future__ import annotations

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
    new_view,
    releaser,
)
from hz_embedded.bridge.converting import (
    AutomaticConverter,
    InputConverters,
    OutputCopier,
    RefusingConverter,
)
from hz_embedded.bridge.errors import BridgeError, GatewayError, JavaError
from hz_embedded.bridge.events import (
    GatewayEventHandler,
    GatewayEventKind,
    GatewayEventRegistration,
    on_gateway_event,
)
from hz_embedded.bridge.java_collections import JavaArray
from hz_embedded.bridge.java_events import JavaServerListener, ListenerProxy
from hz_embedded.bridge.memory import Scope, held_callbacks, release
from hz_embedded.bridge.options import BridgeOptions
from hz_embedded.bridge.throwables import read_throwable
from hz_embedded.bridge.wiring import state_of

T = TypeVar("T")
E = TypeVar("E", bound=Enum)


class JvmBridge:
    """The part of :class:`hz_embedded.Jvm` that works on its objects. py4j's gateway stays at hand in ``gateway``."""

    _bridge: BridgeOptions
    _inputs: InputConverters
    _copier: OutputCopier

    def _attach_bridge(self, gateway: Any) -> None:
        """Set up conversion for a gateway that has just been opened."""
        client = gateway._gateway_client
        self._inputs = InputConverters(client)
        self._copier = OutputCopier()
        # py4j's objects keep this very list, so it changes in place.
        client.converters = [RefusingConverter(self._inputs)]
        if self._bridge.auto_convert:
            client.converters[:] = [AutomaticConverter(self._inputs)]

    def _detach_bridge(self, gateway: Any) -> None:
        """End what was started for a gateway that is closed now."""
        listeners = state_of(gateway).listeners
        while listeners:
            listeners.pop().close()

    @property
    @abstractmethod
    def gateway(self) -> Any:
        """py4j's gateway."""

    @property
    def bridge_options(self) -> BridgeOptions:
        """How the bridge was built."""
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
        """Make a view of the JVM's classes whose imports affect it alone.

        Args:
            imports: classes (``"java.util.ArrayList"``) or packages (``"java.util.*"``) to know by their short names;
                ``java.lang`` always is.

        Returns:
            py4j's ``JVMView``.
        """
        view = new_view(self.gateway)
        for each in imports:
            java_import(view, each)
        return view

    def java_import(self, *names: str) -> None:
        """Know classes or packages by their short names in the view that all share, ``gateway.jvm``.

        Args:
            names: classes (``"java.util.ArrayList"``) or packages (``"java.util.*"``).
        """
        for each in names:
            java_import(self.gateway.jvm, each)

    def java_class(self, name: str) -> Any:
        """Return the ``java.lang.Class`` of a class by its full name, with ``$`` before a nested class's own.

        Args:
            name: such as ``"java.util.Map$Entry"``.

        Raises:
            JavaError: there is no such class.
        """
        with self.errors():
            return self.gateway.jvm.java.lang.Class.forName(name)

    def is_instance(self, thing: object, class_name: str) -> bool:
        """Whether ``thing`` is a Java object of the named class or interface.

        Args:
            thing: any value; Python's own are never.
            class_name: full name of the class.
        """
        return isinstance(thing, BaseObject) and is_instance(thing, class_name)

    def help(self, thing: Any, pattern: str | None = None, *, short_names: bool = True) -> str:
        """Describe the methods, fields and inner classes of a Java object, class or method.

        Args:
            thing: what to describe.
            pattern: with ``*`` for anything; only signatures that it matches are described.
            short_names: leave the packages of classes out.
        """
        return str(self.gateway.help(thing, pattern, short_names, display=False))

    def new_array(self, java_class: Any, *dimensions: int) -> JavaArray[Any]:
        """Make a Java array.

        Args:
            java_class: class of the elements, from a view; ``jvm.view.int`` and its like for primitives.
            dimensions: length in each dimension.
        """
        made: JavaArray[Any] = self.gateway.new_array(java_class, *dimensions)
        return made

    # Values

    @property
    def auto_convert(self) -> bool:
        """Whether arguments are turned into Java objects where they have to be; can be set at any time."""
        return isinstance(self.gateway._gateway_client.converters[0], AutomaticConverter)

    @auto_convert.setter
    def auto_convert(self, wanted: bool) -> None:
        converter = AutomaticConverter if wanted else RefusingConverter
        self.gateway._gateway_client.converters[:] = [converter(self._inputs)]

    def to_java(self, value: object) -> Any:
        """Copy a Python value into Java.

        A set becomes a ``HashSet``, a mapping a ``HashMap``, a dataclass a ``LinkedHashMap`` of its fields, any other
        iterable an ``ArrayList``; UUIDs, dates, times, datetimes, timedeltas and integers beyond 64 bits become Java's
        own types, a member of an enum its name unless :meth:`map_enum` says otherwise. What py4j passes by value
        (numbers, strings, bytes, None) stays as it is. Functions given to :meth:`input_converter` go first.

        Raises:
            ConversionError: there is no Java object for the value, or for something in it.
        """
        self._refuse_dead()
        return self._inputs.convert(value)

    def to_python(self, value: Any) -> Any:
        """Copy a Java object into Python, with all that is in it.

        Maps become dicts, sets sets, arrays, lists and other collections lists; what :meth:`to_java` makes of Python's
        types comes back as these. Java objects that Python has no type for stay what they are.

        Raises:
            ConversionError: Java's value doesn't fit into Python's type, such as a year after 9999.
        """
        return self._copier.copy(value)

    def input_converter(self, python_type: type[T], function: Callable[[T], object]) -> None:
        """Register what stands for values of a Python type in Java, for :meth:`to_java` and ``auto_convert``.

        Args:
            python_type: the type; subclasses are meant too. The converter registered last is asked first.
            function: given the value, returns a Java object or another Python value, which is converted in turn.
        """
        self._inputs.register(python_type, function)

    def output_converter(self, java_class: str, function: Callable[[Any], object]) -> None:
        """Register what Java objects of a class are in Python, from now on, through this JVM's gateway alone.

        Each converter costs a question to the JVM for each object that arrives; those for ``java.util.List``,
        ``Set``, ``Map`` and ``Iterator`` cost none.

        Args:
            java_class: full name of a class or interface. The converter registered last is asked first. Exceptions
                are never converted.
            function: given the Java object as it would have been, returns what there is instead.

        Raises:
            BridgeError: there is no such class, or it is ``java.lang.Object``, which everything would be.
        """
        if java_class == "java.lang.Object":
            raise BridgeError(
                "java.lang.Object cannot have an output converter: every object is one, py4j's too"
            )
        self.java_class(java_class)
        state = state_of(self.gateway)
        state.outputs = ((java_class, function), *state.outputs)

    def remove_output_converter(self, java_class: str) -> None:
        """Take back what :meth:`output_converter` registered for a class; does nothing where there is nothing.

        Args:
            java_class: the name that was registered.
        """
        state = state_of(self.gateway)
        state.outputs = tuple(each for each in state.outputs if each[0] != java_class)

    def map_enum(self, python_enum: type[Enum], java_enum: str) -> None:
        """Convert between the members of a Python enum and the constants of the same names of a Java enum.

        Args:
            python_enum: the Python enum.
            java_enum: full name of the Java enum.

        Raises:
            JavaError: there is no such class.
        """
        name = str(self.java_class(java_enum).getName())
        self._inputs.register_enum(python_enum, name)
        self._copier.register_enum(python_enum, name)

    # Errors

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Raise errors of this package in place of py4j's, from what a ``with`` block does.

        Raises:
            JavaError: Java code threw an exception.
            JvmDiedError: the JVM ended meanwhile.
            GatewayError: the connection was lost, or could not be made.
            BridgeError: anything else, such as a method or class that is not there.
        """
        try:
            yield
        except Py4JJavaError as error:
            raise JavaError(read_throwable(error.java_exception)) from error
        except Py4JNetworkError as error:
            self._refuse_dead()
            raise GatewayError(f"the connection to the JVM failed: {error}") from error
        except Py4JError as error:
            self._refuse_dead()
            raise BridgeError(str(error)) from error

    def _refuse_dead(self) -> None:
        _ = self.gateway

    # Memory

    def scope(self) -> Scope:
        """Return a context manager at whose end Java forgets the objects that arrived in this thread inside of it."""
        return Scope(self.gateway)

    def release(self, *things: object) -> None:
        """Let Java forget objects now, or let py4j forget Python objects that Java was given.

        Args:
            things: Java objects; or Python objects that implement Java interfaces, which Java can no longer call.
        """
        for thing in things:
            release(self.gateway, thing)

    @property
    def held_objects(self) -> int:
        """How many references Java keeps to objects that Python knows."""
        own = releaser(self.gateway._gateway_client)
        if own is not None:
            own.flush()
        with self.scope() as scope:
            bindings = self.gateway.java_gateway_server.getGateway().getBindings()
            return len(bindings) - len(scope)

    @property
    def held_callbacks(self) -> int:
        """How many Python objects are kept for Java to call; one that was passed twice counts twice."""
        return held_callbacks(self.gateway)

    # Events, and Java as the one who starts

    def on_event(self, handler: GatewayEventHandler, *kinds: GatewayEventKind) -> GatewayEventRegistration:
        """Call ``handler`` when something happens to the server by which this JVM calls Python.

        Args:
            handler: called with each event, in the thread in which it happens; must not wait for calls from Java.
            kinds: what to report; none means everything. The start lies before any handler registered here: see
                :func:`hz_embedded.bridge.on_gateway_event`.
        """
        return on_gateway_event(handler, *kinds, server=self.gateway.get_callback_server())

    def add_server_listener(self, listener: JavaServerListener) -> None:
        """Tell a listener of events of the JVM's side of the bridge, in a thread for it alone.

        Args:
            listener: its methods are called, one after the other.
        """
        proxy = ListenerProxy(listener)
        state_of(self.gateway).listeners.append(proxy)
        self.gateway.java_gateway_server.addListener(proxy)

    def remove_server_listener(self, listener: JavaServerListener) -> None:
        """Tell a listener no more; does nothing where it was not told anything.

        Args:
            listener: one that was added.
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
            interfaces: full names of the Java interfaces that it is to have there.
        """
        classes = self.new_array(self.gateway.jvm.java.lang.Class, len(interfaces))
        for index, each in enumerate(interfaces):
            classes[index] = self.java_class(each)
        return self.gateway.java_gateway_server.getPythonServerEntryPoint(classes)
