"""Importing what itself imports nbformat, without the slow packages that are not needed."""

import sys
from importlib import import_module
from types import ModuleType

# jsonschema, which nbformat imports, builds a grammar of international addresses where it finds rfc3987_syntax: a
# second and more, for a check that no notebook needs; isoduration and rfc3986_validator cost it less, and as
# needlessly. jupytext, where it finds a Jupyter server, makes itself ready to serve files to it. All are optional to
# their importers, which catch the ImportError that a None in sys.modules gives.
NOT_NEEDED = ("rfc3987_syntax", "rfc3986_validator", "isoduration",
              "jupytext.sync_contentsmanager", "jupytext.async_contentsmanager")  # fmt: skip


def quick_import(name: str) -> ModuleType:
    """Import a module that itself imports nbformat, without the slow packages that it does not need."""
    blocked = [other for other in NOT_NEEDED if other not in sys.modules]
    sys.modules.update(dict.fromkeys(blocked))
    try:
        return import_module(name)
    finally:
        for other in blocked:
            del sys.modules[other]
