"""The Python in a cell: what it defines, which modules it imports, and the `#|` lines above it."""

import ast
import keyword
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from tito.project import LIBRARY, SUPPORT

DIRECTIVE = re.compile(r"\s*#\s*\|\s*([^\s:]+)\s*:?\s?(.*?)\s*")
EXPORTS = ("export", "exports", "exporti")
PUBLIC = ("export", "exports")  # what `#| exporti` exports is not public: it is not in the module's `__all__`
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
DEFINES = (*DEFINITIONS, ast.Import, ast.ImportFrom)  # what a statement does that only binds names
RUN_IN_PLACE = ("time", "capture", "prun")  # cell magics that run the Python below them where it stands


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


def without_cell_magic(source: str, magics: tuple[str, ...] = RUN_IN_PLACE) -> str:
    """`source` with an empty line for a cell magic in `magics` at its top: the Python that it runs, its lines kept."""
    head, body = split_directives(source)
    plain = ["" if line.split()[:1] in [[f"%%{magic}"] for magic in magics] else line for line in head]
    return "\n".join([*plain, *body])


def public_names(source: str) -> frozenset[str]:
    """The names without an underscore that a cell defines at its top level: what nbdev puts into `__all__`."""
    return frozenset(name for name in _defined(tree_of(source)) if not name.startswith("_"))


def bound_names(source: str) -> frozenset[str]:
    """All names that a cell binds at its top level, imported ones and those with an underscore among them."""
    tree = tree_of(source)
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = [alias.asname or alias.name for node in imports for alias in node.names]
    return frozenset(_defined(tree) | {name.split(".")[0] for name in names})


def _defined(tree: ast.Module) -> set[str]:
    names = {node.name for node in tree.body if isinstance(node, DEFINITIONS)}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign | ast.AugAssign) else targets
        parts = [part for t in targets for part in (t.elts if isinstance(t, ast.Tuple | ast.List) else [t])]
        names |= {part.id for part in parts if isinstance(part, ast.Name)}
    return names


def parses(source: str) -> bool:
    """Whether a code cell is Python, magics and shell commands apart."""
    try:
        parse_cell(source)
    except SyntaxError:
        return False
    return True


def tree_of(source: str) -> ast.Module:
    """The syntax tree of a code cell, not to be changed; empty where it does not parse."""
    try:
        return parse_cell(source)
    except SyntaxError:
        return ast.Module(body=[], type_ignores=[])


@lru_cache(maxsize=4096)
def parse_cell(source: str) -> ast.Module:
    """The syntax tree of a code cell, not to be changed. What only IPython understands is what IPython makes of it.

    Raises SyntaxError where the rest is not Python.
    """
    if "\0" in source:
        line = source[: source.index("\0")].count("\n")
        raise SyntaxError("a NUL character", ("cell", line + 1, 0, source.split("\n")[line].replace("\0", "?")))
    plain = without_cell_magic(source)
    if any(line.lstrip().startswith("%%") for line in split_directives(plain)[0]):
        return ast.Module(body=[], type_ignores=[])
    try:
        return ast.parse(plain)
    except SyntaxError:
        return ast.parse(_as_ipython_has_it(plain))


def _as_ipython_has_it(source: str) -> str:
    """The source with magics and shell commands as the Python that they stand for; its indentation stays."""
    from IPython.core.inputtransformer2 import TransformerManager, leading_indent

    manager = TransformerManager()
    manager.cleanup_transforms = [step for step in manager.cleanup_transforms if step is not leading_indent]
    return manager.transform_cell(source)


def outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes under `node`, without what is inside functions."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from outside_functions(child)


def imported_modules(nodes: Iterable[ast.AST]) -> list[str]:
    """The modules of lessons that the imports among `nodes` name: three parts, as in tinytorch.core.tensor."""
    names = []
    for node in nodes:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            deep = node.module.count(".") >= 2
            names += [node.module] if deep else [f"{node.module}.{alias.name}" for alias in node.names]
    lessons = [name for name in names if name.startswith(f"{LIBRARY}.") and not is_support(name)]
    return [name for name in lessons if name.count(".") >= 2]


def library_imports(tree: ast.Module) -> list[ast.ImportFrom]:
    """The imports of names from the library, or relative ones, that code makes outside functions."""
    found = [node for node in outside_functions(tree) if isinstance(node, ast.ImportFrom)]
    return [node for node in found if node.level or (node.module or "").split(".")[0] == LIBRARY]


def tests_not_called(tree: ast.Module) -> list[str]:
    """The tests that a cell defines and does not call."""
    run = {name for node in _run(tree) for name in called(node)}
    tests = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test")]
    return [name for name in tests if name not in run]


def checks_something(tree: ast.Module) -> bool:
    """Whether a cell calls or asserts something when it is run."""
    return any(isinstance(node, ast.Assert | ast.Call) for part in _run(tree) for node in ast.walk(part))


def _run(tree: ast.Module) -> list[ast.stmt]:
    """What a cell does at its top level, apart from defining and importing."""
    return [node for node in tree.body if not isinstance(node, DEFINES)]


def called(node: ast.AST) -> list[str]:
    """The names of the functions that are called in `node`."""
    calls = [part.func for part in ast.walk(node) if isinstance(part, ast.Call)]
    return [func.id for func in calls if isinstance(func, ast.Name)]
