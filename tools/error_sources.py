"""Find in the sources every error that is built, with its type, its text and where: by ``ast``, nothing is imported.

An error is built by a call of its class, wherever that stands: after ``raise``, in a helper that returns it, or in a
call that sets it on a future. Texts are followed through local names, through the constructors of error classes, and
through helpers that get a part of the text as an argument; what is known only at run time is a :class:`Hole`.
"""

import ast
import builtins
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import product
from typing import Final, TypeVar

from repository import Module

_EXTERNAL: Final = re.compile(r"(Error|Exception|BadParameter|UsageError)$")
"""How classes of errors of other projects are called."""

_MOST_TEXTS: Final = 6
"""The most variants of one text that are listed; more become a hole."""

_Node = TypeVar("_Node", bound=ast.AST)

_DEPTH: Final = 4
"""Through how many helpers a text is followed."""


@dataclass(frozen=True)
class Hole:
    """A part of a text that is known only at run time.

    Attributes:
        name: What it stands for.
        value: Whether it is a value, shown as ``repr`` does, and never a part of the sentence.
    """

    name: str
    value: bool = False


Text = tuple[str | Hole, ...]


@dataclass(frozen=True)
class Function:
    """A function, or the module around all of them, with what texts need to know about it."""

    module: Module
    name: str
    owner: str
    """The class around it; empty for functions."""
    node: ast.AST
    parameters: tuple[str, ...] = ()
    defaults: Mapping[str, ast.expr] = field(default_factory=dict)

    @cached_property
    def assigned(self) -> Mapping[str, list[ast.expr]]:
        """What is assigned to each local name, or to each name of the module."""
        found: dict[str, list[ast.expr]] = defaultdict(list)
        nodes = self.node.body if isinstance(self.node, ast.Module) else ast.walk(self.node)
        for node in nodes:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        found[target.id].append(node.value)
            elif (
                isinstance(node, ast.AnnAssign | ast.NamedExpr)
                and node.value is not None
                and isinstance(node.target, ast.Name)
            ):
                found[node.target.id].append(node.value)
        return found


@dataclass(frozen=True)
class Built:
    """An error that is built somewhere.

    Attributes:
        type: The name of its class.
        text: The text; empty if there is none.
        function: Where it is built, or the function that passes its text to a helper.
        line: The line there.
    """

    type: str
    text: Text
    function: Function
    line: int

    @property
    def shown(self) -> str:
        """The text with the holes in braces."""
        parts = (part if isinstance(part, str) else f"{{{part.name}}}" for part in self.text)
        return " ".join("".join(parts).split()).rstrip("; ")


@dataclass(frozen=True)
class ErrorClass:
    """A class of errors of the repository.

    Attributes:
        module: Where it is defined.
        node: Its definition.
        parameters: Those of its own constructor; None if it has none.
        text: The text that the constructor or ``__str__`` makes of the parameters.
    """

    module: Module
    node: ast.ClassDef
    parameters: tuple[str, ...] | None = None
    defaults: Mapping[str, ast.expr] = field(default_factory=dict)
    text: Text = ()

    @property
    def bases(self) -> list[str]:
        """The names of its bases."""
        return [name for name in map(called, self.node.bases) if name]

    @property
    def summary(self) -> str:
        """The first paragraph of its docstring."""
        return " ".join((ast.get_docstring(self.node) or "").split("\n\n")[0].split())


def called(node: ast.AST) -> str:
    """Return the last part of a dotted name; empty for other expressions."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def is_builtin_error(name: str) -> bool:
    """Return whether Python has an error of that name."""
    known = getattr(builtins, name, None)
    return isinstance(known, type) and issubclass(known, BaseException) and not issubclass(known, Warning)


class Sources:
    """The errors of some modules.

    Args:
        modules: The modules to look at.

    Attributes:
        classes: The error classes that the modules define, by their names; of several, the last one.
        all_classes: All of them.
    """

    def __init__(self, modules: Iterable[Module]) -> None:
        self.modules: Final = list(modules)
        self.all_classes: list[ErrorClass] = []
        self._others: Final[set[str]] = set()
        self.classes: Final = self._error_classes()
        self._resolving: Final[set[str]] = set()
        self._calls: Final[dict[str, list[tuple[Function, ast.Call]]]] = defaultdict(list)
        for module in self.modules:
            shown: set[ast.AST] = set()
            for function, call in _nodes(module, ast.Call):
                name = called(call.func)
                if name == "str":
                    shown.update(call.args)  # an error that is made for its text only
                if call not in shown:
                    self._calls[name].append((function, call))
        self.classes.update({name: self._with_text(one) for name, one in self.classes.items()})

    def built(self) -> list[Built]:
        """Return all errors, those of one text and place once, sorted by module and line."""
        found: dict[tuple[str, str, str, str], Built] = {}
        for name, calls in self._calls.items():
            if not self._is_error(name):
                continue
            for function, call in calls:
                for text in self._texts_of_call(name, function, call):
                    for error in self._followed(Built(name, text, function, call.lineno), _DEPTH):
                        place = error.function
                        found.setdefault((error.type, error.shown, place.module.name, place.name), error)
        for error in self._bare():
            place = error.function
            found.setdefault((error.type, "", place.module.name, place.name), error)
        return sorted(found.values(), key=lambda error: (error.function.module.name, error.line, error.shown))

    def _bare(self) -> Iterator[Built]:
        """Yield what is raised without a call: the class alone."""
        for module in self.modules:
            for function, node in _nodes(module, ast.Raise):
                name = called(node.exc) if node.exc is not None else ""
                if name in self.classes or is_builtin_error(name):
                    yield Built(name, (), function, node.lineno)

    def _is_error(self, name: str) -> bool:
        known = name in self.classes or is_builtin_error(name)
        return known or (name not in self._others and bool(_EXTERNAL.search(name)))

    def summary(self, name: str, beside: Module) -> str:
        """Return the first paragraph of an error class; of several, that of the distribution of ``beside``."""
        top = beside.path.relative_to(beside.root).parts[:2]
        found = [one for one in self.all_classes if one.node.name == name]
        own = [one for one in found if one.module.path.relative_to(beside.root).parts[:2] == top]
        return (own or found)[0].summary if found else ""

    # ---- classes ----

    def _error_classes(self) -> dict[str, ErrorClass]:
        classes = [
            ErrorClass(module, node)
            for module in self.modules
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ClassDef)
        ]
        errors: dict[str, ErrorClass] = {}
        while True:
            more = {
                one.node.name: one
                for one in classes
                if one.node.name not in errors
                and any(
                    base in errors or is_builtin_error(base) or _EXTERNAL.search(base) for base in one.bases
                )
            }
            if not more:
                break
            errors |= more
        self.all_classes = [one for one in classes if one.node.name in errors]
        self._others.update(one.node.name for one in classes if one.node.name not in errors)
        return errors

    def _with_text(self, one: ErrorClass) -> ErrorClass:
        """Return the class with what its constructor does."""
        methods = {node.name: node for node in one.node.body if isinstance(node, ast.FunctionDef)}
        made = methods.get("__init__")
        if made is None:
            return one
        parameters, defaults = _parameters(made)
        function = Function(
            one.module, f"{one.node.name}.__init__", one.node.name, made, parameters, defaults
        )
        candidates: list[Text] = []
        for node in ast.walk(made):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "super().__init__":
                base = next((name for name in one.bases if name in self.classes), "")
                candidates += self._texts_of_call(base, function, node)
        shown = methods.get("__str__")
        if shown is not None:
            returned = [node.value for node in ast.walk(shown) if isinstance(node, ast.Return) and node.value]
            candidates += [text for value in returned for text in self._texts(value, function)]
        text = max(
            candidates, key=lambda text: sum(len(part) for part in text if isinstance(part, str)), default=()
        )
        if not text and candidates:
            text = max(candidates, key=len)
        return replace(one, parameters=parameters, defaults=defaults, text=text)

    def _constructor(self, name: str) -> ErrorClass | None:
        """Return the class whose constructor runs for the class ``name``; None if it is that of Exception."""
        seen = self.classes.get(name)
        while seen is not None and seen.parameters is None:
            seen = next((self.classes[base] for base in seen.bases if base in self.classes), None)
        return seen

    def _texts_of_call(self, name: str, function: Function, call: ast.Call) -> list[Text]:
        """Return the texts of the error that a call of the class ``name`` builds."""
        constructor = self._constructor(name)
        if constructor is None or constructor.parameters is None:
            position = (
                1 if name.startswith(("OSError", "BlockingIO", "Connection")) and len(call.args) > 1 else 0
            )
            if position < len(call.args):
                return self._texts(call.args[position], function)
            named = [one.value for one in call.keywords if one.arg in ("message", "msg", "detail")]
            return self._texts(named[0], function) if named else [()]
        return self._filled(constructor.text, constructor.parameters, constructor.defaults, function, call)

    # ---- texts ----

    def _filled(
        self,
        text: Text,
        parameters: Sequence[str],
        defaults: Mapping[str, ast.expr],
        function: Function,
        call: ast.Call,
    ) -> list[Text]:
        """Return ``text`` with its parameters as a call has them."""
        given = dict(zip(parameters, call.args, strict=False)) | {
            one.arg: one.value for one in call.keywords if one.arg is not None
        }
        choices: list[list[Text]] = []
        for part in text:
            if isinstance(part, str) or part.value or part.name not in parameters:
                choices.append([(part,)])
            elif part.name in given:
                choices.append(self._texts(given[part.name], function))
            elif part.name in defaults:
                default = defaults[part.name]
                empty = isinstance(default, ast.Constant) and default.value is None
                choices.append([()] if empty else self._texts(default, function))
            else:
                choices.append([(part,)])
        return _joined(choices)

    def _texts(self, node: ast.expr, function: Function) -> list[Text]:
        """Return the texts that an expression can have."""
        match node:
            case ast.Constant(value=str(value)):
                return [(value,)] if value else [()]
            case ast.Constant(value=int() | float() as number):
                return [(str(number),)]
            case ast.JoinedStr(values=values):
                return _joined([self._texts(value, function) for value in values]) or [(Hole("text"),)]
            case (
                ast.FormattedValue(value=value, conversion=114)
                | ast.FormattedValue(value=ast.Call(func=ast.Name(id="repr" | "shown"), args=[value, *_]))
            ):
                return [(Hole(hole_name(value), value=True),)]
            case ast.FormattedValue(value=value):
                found = self._texts(value, function)
                return (
                    found
                    if isinstance(value, ast.Constant) or _literal(found)
                    else [(Hole(hole_name(value)),)]
                )
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                return _joined([self._texts(left, function), self._texts(right, function)])
            case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=str(value))):
                return [
                    tuple(Hole("…") if part.startswith("%") else part for part in re.split(r"(%\w)", value))
                ]
            case ast.IfExp(body=body, orelse=orelse):
                return [*self._texts(body, function), *self._texts(orelse, function)]
            case ast.BoolOp(op=ast.Or(), values=values):
                return [text for value in values for text in self._texts(value, function)]
            case ast.BoolOp(op=ast.And(), values=values):
                return self._texts(values[-1], function)
            case ast.Call(func=ast.Name(id="one_line" | "str"), args=[argument]):
                return self._texts(argument, function)
            case ast.Name(id=name) if name not in function.parameters:
                return self._texts_of_name(name, function)
            case ast.Call(func=ast.Name() | ast.Attribute(value=ast.Name(id="self"))):
                return self._texts_returned(node, function) or [(Hole(hole_name(node)),)]
        return [(Hole(hole_name(node)),)]

    def _texts_of_name(self, name: str, function: Function) -> list[Text]:
        values = function.assigned.get(name) or _around(function.module).assigned.get(name) or []
        # A name may be made of itself, or of another one that is made of it.
        if values and len(values) <= _MOST_TEXTS and name not in self._resolving:
            self._resolving.add(name)
            texts = [text for value in values for text in self._texts(value, function)]
            self._resolving.discard(name)
            if _literal(texts):
                return texts
        return [(Hole(name.strip("_")),)]

    def _texts_returned(self, call: ast.Call, function: Function) -> list[Text]:
        """Return the texts that a function of the same module returns; none if it is another one, or has no text."""
        name = called(call.func)
        made = _functions(function.module).get(name)
        if made is None or name in self._resolving:
            return []
        self._resolving.add(name)
        texts: list[Text] = []
        for node in ast.walk(made.node):
            if isinstance(node, ast.Return) and node.value is not None:
                for text in self._texts(node.value, made):
                    texts += self._filled(text, made.parameters, made.defaults, function, call)
        self._resolving.discard(name)
        return texts if _literal(texts) and len(texts) <= _MOST_TEXTS else []

    # ---- helpers ----

    def _followed(self, error: Built, depth: int) -> Iterator[Built]:
        """Yield an error as the callers of the function make it, if that gets a part of the text."""
        function = error.function
        holes = {part.name for part in error.text if isinstance(part, Hole) and not part.value}
        holes &= set(function.parameters)
        calls = list(self._calls_of(function)) if holes and depth else []
        kept = not calls
        for caller, call in calls:
            texts = self._filled(error.text, function.parameters, function.defaults, caller, call)
            for text in texts:
                if _literal_length(text) == _literal_length(error.text):
                    kept = True  # nothing but run-time parts were passed
                else:
                    yield from self._followed(Built(error.type, text, caller, call.lineno), depth - 1)
        if kept:
            yield error

    def _calls_of(self, function: Function) -> Iterator[tuple[Function, ast.Call]]:
        name = function.name.rpartition(".")[2]
        if name.startswith("__"):
            return
        for caller, call in self._calls.get(name, ()):
            if caller.module is function.module:
                own = isinstance(call.func, ast.Attribute) == bool(function.owner)
            elif name.startswith("_"):
                own = False
            elif isinstance(call.func, ast.Name):
                own = not function.owner and name in _imported(caller.module, function.module.name)
            else:
                own = False  # too many methods have the same names
            if own and caller.node is not function.node:
                yield caller, call


def hole_name(node: ast.expr) -> str:
    """Return a word for what an expression stands for."""
    match node:
        case ast.Name(id=name):
            return name.strip("_") or "…"
        case ast.Attribute(
            value=ast.Call(func=ast.Name(id="type"), args=[of]), attr="__name__" | "__qualname__"
        ):
            return f"class of {hole_name(of)}"
        case ast.Attribute(value=value, attr="__name__" | "__qualname__" | "__class__"):
            return hole_name(value)
        case ast.Attribute(attr=attribute):
            return attribute.strip("_")
        case ast.Call(func=ast.Name(id="type_name"), args=[of]):
            return hole_name(of)
        case ast.Call(func=ast.Name(id="type"), args=[of]):
            return f"class of {hole_name(of)}"
        case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="join"), args=[of]):
            return hole_name(of)
        case ast.Call(func=ast.Name(id=name), args=[of, *_]) if hole_name(of) != "…":
            return f"number of {hole_name(of)}" if name == "len" else hole_name(of)
        case ast.Call(func=func):
            return hole_name(func)
        case ast.Subscript(value=value) | ast.Starred(value=value) | ast.Await(value=value):
            return hole_name(value)
        case ast.GeneratorExp(generators=[first, *_]) | ast.ListComp(generators=[first, *_]):
            return hole_name(first.iter)
        case ast.UnaryOp(operand=operand):
            return hole_name(operand)
        case ast.BinOp(left=left, right=right):
            return hole_name(left) if not isinstance(left, ast.Constant) else hole_name(right)
        case ast.BoolOp(values=values):
            return hole_name(values[0])
        case ast.IfExp(body=body, orelse=orelse):
            return hole_name(body) if not isinstance(body, ast.Constant) else hole_name(orelse)
    return "…"


def _nodes(module: Module, kind: type[_Node]) -> Iterator[tuple[Function, _Node]]:
    """Yield every node of a kind with the function around it."""

    def walk(node: ast.AST, function: Function, owner: str) -> Iterator[tuple[Function, _Node]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                yield from walk(child, function, f"{owner}.{child.name}".lstrip("."))
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                inner = f"{owner}.{child.name}".lstrip(".")
                if isinstance(function.node, ast.FunctionDef | ast.AsyncFunctionDef):
                    inner = f"{function.name}.{child.name}"
                parameters, defaults = _parameters(child)
                yield from walk(child, Function(module, inner, owner, child, parameters, defaults), owner)
            else:
                if isinstance(child, kind):
                    yield function, child
                yield from walk(child, function, owner)

    yield from walk(module.tree, _around(module), "")


@cache
def _around(module: Module) -> Function:
    """Return a module as the function around all others."""
    return Function(module, "", "", module.tree)


@cache
def _functions(module: Module) -> dict[str, Function]:
    """Return the functions and methods of a module by their names, without those that share one."""
    found: dict[str, Function | None] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef):
            parameters, defaults = _parameters(node)
            known = node.name in found
            found[node.name] = None if known else Function(module, node.name, "", node, parameters, defaults)
    return {name: function for name, function in found.items() if function is not None}


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[tuple[str, ...], dict[str, ast.expr]]:
    """Return the parameters of a function, without self, and their defaults."""
    positional = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
    defaults = dict(zip(reversed(positional), reversed(node.args.defaults), strict=False))
    for one, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        positional.append(one.arg)
        if default is not None:
            defaults[one.arg] = default
    return tuple(name for name in positional if name not in ("self", "cls")), defaults


def _imported(module: Module, source: str) -> set[str]:
    """Return the names that a module imports from ``source``, or from a package that may pass them on."""
    return {
        alias.asname or alias.name
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.module and f"{source}.".startswith(f"{node.module}.")
        for alias in node.names
    }


def _joined(choices: Sequence[Sequence[Text]]) -> list[Text]:
    """Return one text for each way to choose; with too many of them, one with holes."""
    ways = 1
    for choice in choices:
        ways *= len(choice)
    if ways > _MOST_TEXTS:
        choices = [choice if len(choice) == 1 else [(Hole("…"),)] for choice in choices]
    return [tuple(part for text in way for part in text) for way in product(*choices)]


def _literal_length(text: Text) -> int:
    return sum(len(part) for part in text if isinstance(part, str))


def _literal(texts: Iterable[Text]) -> bool:
    """Return whether there is any text that is known."""
    return any(isinstance(part, str) for text in texts for part in text)
