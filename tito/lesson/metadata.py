"""A cell's metadata in a notebook: nbgrader's options to what a Cell holds and back, and what a schema allows."""

import re
from typing import Any

from tito.lesson.cell import Cell
from tito.lesson.regions import BEGIN_HIDDEN

HIDDEN_MARK = {"hidden_tests": True}  # a cell's "tito" metadata, which stays when the hidden tests are taken out
KINDS = ("code", "markdown", "raw")
OPTIONS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("grade_id", "checksum", "cell_type"), (str,)),
    **dict.fromkeys(("grade", "solution", "locked", "task"), (bool,)),
    "points": (int, float),
    "schema_version": (int,),
}
KIND = {str: "a string", bool: "true or false", int: "a number"}
OURS = ("nbgrader", "tito", "lines_to_next_cell", "lines_to_end_of_cell_marker", "cell_marker")
# What nbformat's schema asks of a cell's metadata; nbgrader and nbconvert refuse a notebook that breaks it.
SCHEMA = {"collapsed": bool, "deletable": bool, "editable": bool, "execution": dict, "format": str, "jupyter": dict,
          "name": str, "tags": list}  # fmt: skip


def cell_of(kind: object, source: str, metadata: object, kept: dict[str, Any] | None = None, **place: Any) -> Cell:
    """The cell that a notebook's metadata describes; what is wrong with nbgrader's options is its `fault`.

    `kept` is what an editor wrote beside the source, such as outputs; `place` is the cell's number, line and id.
    """
    given = metadata if isinstance(metadata, dict) else {}
    options, fault = given.get("nbgrader", {}), ""
    if not isinstance(options, dict):
        options, fault = {}, f"nbgrader={options!r} is not a set of options; write nbgrader={{...}}."
    faults = {key: _wrong_option(key, value) for key, value in options.items()}
    sound = {key: options[key] for key, wrong in faults.items() if not wrong}
    rest = _valid({key: value for key, value in given.items() if key not in OURS})
    return Cell(
        kind=kind if kind in KINDS else "raw",
        source=source,
        grade_id=sound.get("grade_id", ""),
        grade=sound.get("grade", False),
        solution=sound.get("solution", False),
        points=float(sound.get("points", 0)),
        hidden=BEGIN_HIDDEN in source or given.get("tito") == HIDDEN_MARK,
        fault=next(filter(None, faults.values()), fault),
        extra={**({"metadata": rest} if rest else {}), **(kept or {})},
        **place,
    )


def _wrong_option(key: str, value: object) -> str:
    if key not in OPTIONS:
        return f"nbgrader has no option {key!r}; it has {', '.join(OPTIONS)}."
    wanted = OPTIONS[key]
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        return f"nbgrader's {key} is {value!r}; it must be {KIND[wanted[0]]}."
    return ""


def metadata_of(cell: Cell) -> dict[str, Any]:
    """The cell's metadata for a notebook: nbgrader's options complete, and what an editor wrote there."""
    found = dict(cell.extra.get("metadata", {}))
    if cell.grade_id or cell.grade or cell.solution:
        flags = {"grade": cell.grade, "solution": cell.solution, "locked": not cell.solution, "task": False}
        found["nbgrader"] = {"grade_id": cell.grade_id, "schema_version": 3, **flags}
    if cell.grade:
        found["nbgrader"]["points"] = int(cell.points) if cell.points.is_integer() else cell.points
    return found | ({"tito": dict(HIDDEN_MARK)} if cell.hidden else {})


def valid_id(found: object) -> str:
    """A cell's id or grade_id as an id, with room for a number after it; empty where it cannot be one."""
    return found if isinstance(found, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,60}", found) else ""


def valid_metadata(found: object) -> dict[str, Any]:
    """A notebook's own metadata, without what Jupyter's programs refuse or end over."""
    metadata = dict(found) if isinstance(found, dict) else {}
    needed = {"kernelspec": {"name", "display_name"}, "language_info": {"name"}, "widgets": set()}
    for key, names in needed.items():
        if not isinstance(metadata.get(key), dict) or not names <= metadata[key].keys():
            metadata.pop(key, None)
    if not all(isinstance(w, dict) and "state" in w for w in metadata.get("widgets", {}).values()):
        del metadata["widgets"]
    return metadata


def _valid(metadata: dict[str, Any]) -> dict[str, Any]:
    """A cell's metadata without what the schema does not allow, and each tag once."""
    kept = {key: value for key, value in metadata.items() if key not in SCHEMA or isinstance(value, SCHEMA[key])}
    if "tags" in kept:
        kept["tags"] = list(dict.fromkeys(tag for tag in kept["tags"] if isinstance(tag, str) and "," not in tag))
    return kept
