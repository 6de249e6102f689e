"""The Python in a cell: what it defines, which modules it imports, and the `#|` lines above it."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterator

from tito.project import LIBRARY, SUPPORT

DIRECTIVE = re.compile(r"\s*#\s*\|\s*([^\s:]+)\s*:?\s?(.*?)\s*")
EXPORTS = ("export", "exports", "exporti")
PUBLIC = ("export", "exports")  # what `#| exporti` exports is not public: it is not in the module's `__all__`
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# What IPython understands and Python does not: a magic, a shell command, a question.
NOT_PYTHON = re.compile(r"^([ \t]*)(?:[%!?].*|.*\?)[ \t]*$", re.MULTILINE)


def names_module(module: str) -> bool:
    """Whether `module` is a name for a lesson's module: one in a part of the library, as in tinytorch.core.tensor.

    The part tinytorch.support is written by hand, so no lesson makes a module there.
    """
    head, *parts = module.split(".")
    plain = all(re.fullmatch(r"[a-z][a-z0-9_]*", part) and not keyword.iskeyword(part) for part in parts)
    return head == LIBRARY and len(parts) >= 2 and plain and not is_support(module)


def is_support(module: str) -> bool:
    """Whether `module` is one of those written by hand, which are there in every edition: no lesson makes it."""
    return module == SUPPORT or module.startswith(f"{SUPPORT}.")


def split_directives(source: str) -> tuple[list[str], list[str]]:
    """The lines of a cell up to its first line of code: directives, blank lines, cell magics; and the others."""
    lines = source.split("\n")
    for number, line in enumerate(lines):
        if line.strip() and not line.lstrip().startswith("%%") and not DIRECTIVE.match(line):
            return lines[:number], lines[number:]
    return lines, []


def imported_modules(source: str) -> list[str]:
    """The modules of lessons that `source` imports outside functions."""
    return [name for node in outside_functions(tree_of(source)) for name in _modules_of(node)]


def public_names(tree: ast.Module) -> set[str]:
    """The names without an underscore that a cell defines at its top level: what nbdev puts into `__all__`."""
    names = {node.name for node in tree.body if isinstance(node, DEFINITIONS)}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign | ast.AugAssign) else targets
        parts = [part for t in targets for part in (t.elts if isinstance(t, ast.Tuple | ast.List) else [t])]
        names |= {part.id for part in parts if isinstance(part, ast.Name)}
    return {name for name in names if not name.startswith("_")}


def tree_of(source: str) -> ast.Module:
    """The syntax tree of a code cell; empty where it does not parse."""
    try:
        return parse_cell(source)
    except SyntaxError:
        return ast.Module(body=[], type_ignores=[])


def parse_cell(source: str) -> ast.Module:
    """The syntax tree of a code cell. Lines that only IPython understands count as `pass`.

    Raises SyntaxError where the rest is not Python.
    """
    if source.lstrip().startswith("%%"):
        return ast.Module(body=[], type_ignores=[])
    try:
        return ast.parse(source)
    except SyntaxError:
        plain = NOT_PYTHON.sub(r"\1pass", source)
        if plain == source:
            raise
    try:
        return ast.parse(plain)
    except SyntaxError:
        return ast.parse(source)


def outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes under `node`, without what is inside functions."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from outside_functions(child)


def _modules_of(node: ast.AST) -> list[str]:
    """The lesson modules that an import names: three parts, as in tinytorch.core.tensor."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        deep = node.module.count(".") >= 2
        names = [node.module] if deep else [f"{node.module}.{alias.name}" for alias in node.names]
    else:
        return []
    lessons = [name for name in names if name.startswith(f"{LIBRARY}.") and not is_support(name)]
    return [name for name in lessons if name.count(".") >= 2]
