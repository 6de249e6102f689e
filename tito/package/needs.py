"""Which of the package's modules can be imported, by the imports that their texts make."""

import ast
from collections.abc import Mapping

from tito.lesson.code import library_imports, outside_functions
from tito.package.module import STUB_MARK


def not_importable(modules: Mapping[str, str]) -> set[str]:
    """Of these modules, with their texts, the stubs and what imports one of them, directly or through others."""
    needed = {module: _imported(module, text) for module, text in modules.items()}
    found = {module for module, text in modules.items() if text.startswith(STUB_MARK)}
    while more := {module for module in needed if module not in found and needed[module] & found}:
        found |= more
    return found


def _imported(module: str, text: str) -> set[str]:
    """The full names that a module imports outside functions; of `from a import b` both a and a.b."""
    tree = ast.parse(text)
    plain = [node for node in outside_functions(tree) if isinstance(node, ast.Import)]
    found = {alias.name for node in plain for alias in node.names}
    for node in library_imports(tree):
        above = module.split(".")[: -node.level] if node.level else []
        home = ".".join([*above, *([node.module] if node.module else [])])
        found |= {home, *(f"{home}.{alias.name}" for alias in node.names)}
    return found
