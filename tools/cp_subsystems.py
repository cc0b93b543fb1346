"""The two classes behind ``client.cp_subsystem``, with a method for each kind of CP object."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from generate_surfaces import Structure, Surface

_TEMPLATE: Final = '''\
{mark}
"""``client.cp_subsystem`` of {programs}: the CP objects by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, overload
from hz_core.callers import {base}Caller
from hz_core.kinds import {base}T, ObjectKind
from hz_cp.cp_object import variant

if TYPE_CHECKING:
    {imports}


class {client}(Protocol):
    """A client of {programs}."""

    {callers}: {base}Caller
    _engine: Any

    {define} get_object(self, kind: ObjectKind[{kind}], name: str) -> {base}T:
        """Return a distributed object."""
        ...


class {prefix}CPSubsystem:
    """The objects of the CP Subsystem, which are linearizable: all clients see all changes in one order.

    A name may end with that of a CP group, as in ``counter@payments``; the group is created with its first object.
    Without it, the object is in the default group. An object that was destroyed cannot be created again.

    Args:
        client: The client.
    """

    def __init__(self, client: {client}) -> None:
        self._client = client

    {getters}
    @property
    def management(self) -> {prefix}CPManagement:
        """The members, groups and sessions of the CP Subsystem."""
        from hz_cp.cp_management.{file} import {prefix}CPManagement
        from hz_cp.cp_management.operations import CPManagementOperations

        return {prefix}CPManagement(self._client.{callers}, CPManagementOperations(self._client._engine))
'''

_GETTER: Final = '''\
{signatures}        """Return the {name} with this name{which}.

        Args:
            name: Its name, maybe with ``@`` and the name of a CP group.
{arguments}
        Raises:
            UnsupportedOperationError: The members have no CP Subsystem.
            ValueError: ``name`` is not a valid name.
{errors}        """
        from {package}.kind import {constant}

        {returned}

    '''


def module(structures: list[Structure], surface: Surface, mark: str) -> str:
    """Return the text of the module with the class of one surface, before formatting.

    Args:
        structures: The kinds of CP objects.
        surface: Futures or asyncio.
        mark: The first line.
    """
    file = surface.file.removesuffix(".py")
    threads = surface.name == "futures"
    names = [(s.package, s.name) for s in structures] + [("hz_cp.cp_management", "CPManagement")]
    return _TEMPLATE.format(
        mark=mark,
        programs="programs of threads" if threads else "asyncio programs",
        base=surface.base,
        client="Client" if threads else "AsyncioClient",
        callers="futures" if threads else "operations",
        define=surface.define,
        kind="FuturesT, Any" if threads else "Any, AsyncioT",
        prefix=surface.prefix,
        file=file,
        imports="\n    ".join(
            [
                *(f"from {package}.{file} import {surface.prefix}{name}" for package, name in names),
                *(
                    f"from hz_cp.types import {p}"
                    for p in sorted({p for s in structures for p in s.parameters})
                ),
            ]
        ),
        getters="".join(_getter(structure, surface) for structure in structures),
    )


def _getter(structure: Structure, surface: Surface) -> str:
    """Return one method. Its options are those of ``_variant`` of the operations, if there is one."""
    found = f"self._client.get_object({structure.constant}, name)"
    if surface.name == "asyncio":
        found = f"await {found}"
    options = next(
        (n for n in structure.node.body if isinstance(n, ast.FunctionDef) and n.name == "_variant"), None
    )
    parameters, arguments, errors = "", "", ""
    if options is not None:
        keywords = ast.arguments([], [], None, options.args.kwonlyargs, options.args.kw_defaults, None, [])
        parameters = f", {ast.unparse(keywords)}"
        passed = ", ".join(f"{a.arg}={a.arg}" for a in options.args.kwonlyargs)
        found = f"variant({found}, {passed})"
        doc = ast.get_docstring(options, clean=True) or ""
        arguments, errors = (_section(doc, title) for title in ("Args", "Raises"))
    getter = structure.attributes.get("getter", structure.constant.lower())
    which = structure.attributes.get("getter_note", "")
    return _GETTER.format(
        signatures=structure.getter_signatures(f"get_{getter}", surface, parameters).removeprefix("    "),
        name=structure.name,
        which=f", {which}" if which else "",
        arguments=structure.getter_arguments + arguments,
        errors=errors,
        package=structure.package,
        constant=structure.constant,
        returned=f"return {found}",
    )


def _section(doc: str, title: str) -> str:
    """Return the lines of a section of a docstring, indented as in a method."""
    _, found, rest = doc.partition(f"{title}:\n")
    lines = rest.partition("\n\n")[0].splitlines() if found else []
    return "".join(f"        {line}\n" for line in lines)
