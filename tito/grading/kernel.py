"""The kernel in which submissions are run: IPython's own, where `exit()` in a cell ends the cell and not the kernel."""

from __future__ import annotations

from ipykernel.ipkernel import IPythonKernel
from ipykernel.zmqshell import ZMQInteractiveShell
from traitlets import Type


class Shell(ZMQInteractiveShell):
    """A shell that goes on, as that of tito's runner does."""

    def ask_exit(self) -> None:
        """What `exit()` does in a cell."""
        raise SystemExit("exit() was called")


class Kernel(IPythonKernel):
    """A kernel with this shell."""

    shell_class = Type(Shell)
