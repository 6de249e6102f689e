"""What a cell prints and shows. The worker loads this file; nothing of tito is needed here."""

import base64
import io
import json
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher

PRINT_LIMIT = 100_000  # characters kept of what one cell prints on one stream
SHOW_LIMIT = 5_000_000  # characters kept of the pictures and tables that one cell shows


class Outputs:
    """What a cell prints and shows, in order, in the form of a notebook's outputs; of very much the beginning."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.found: list[dict[str, Any]] = []
        self.room = {"stdout": PRINT_LIMIT, "stderr": PRINT_LIMIT, "shown": SHOW_LIMIT}

    def write(self, name: str, text: str) -> None:
        """Note text on a stream."""
        if text and self.room[name] > 0:
            if not self.found or self.found[-1].get("name") != name:
                self.found.append({"output_type": "stream", "name": name, "text": []})
            self.found[-1]["text"].append(text[: self.room[name]])
        self.room[name] -= len(text)

    def show(self, data: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
        """Note something shown: a picture, a table, the value of a cell's last line."""
        plain = {kind: as_text(value) for kind, value in data.items()}
        size = sum(map(len, plain.values()))
        self.room["shown"] -= size
        if self.room["shown"] < 0:
            plain = {"text/plain": f"... ({size} more characters)"}
        self.found.append({"output_type": "display_data", "data": plain, "metadata": metadata or {}})

    def take(self) -> list[dict[str, Any]]:
        """What there was since the last call."""
        for name in ("stdout", "stderr"):
            if self.room[name] < 0:
                more = [f"\n... ({-self.room[name]} more characters)\n"]
                self.found.append({"output_type": "stream", "name": name, "text": more})
        found = [{**o, "text": "".join(o["text"])} if "text" in o else o for o in self.found]
        self.clear()
        return found


def as_text(value: object) -> str:
    """What is shown in one form, as a notebook's JSON has it: a picture in base64."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value if isinstance(value, str) else json.dumps(value, default=str)


class Capture(io.TextIOBase):
    """A standard stream whose text goes to the cell's outputs."""

    encoding = "utf-8"
    errors = "strict"

    def __init__(self, outputs: Outputs, name: str, descriptor: int) -> None:
        self.outputs, self.stream, self.descriptor = outputs, name, descriptor

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() takes a string, not {type(text).__name__}")
        self.outputs.write(self.stream, text)
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.descriptor


class Publisher(DisplayPublisher):
    """What `display` shows goes to the cell's outputs."""

    def publish(self, data: dict[str, Any], metadata: dict[str, Any] | None = None, **kwargs: Any) -> None:
        self.shell.outputs.show(data, metadata)


class Hook(DisplayHook):
    """The value of a cell's last line goes to the cell's outputs, without a prompt."""

    def write_output_prompt(self) -> None:
        """No prompt."""

    def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
        self.shell.outputs.show(format_dict, md_dict)
