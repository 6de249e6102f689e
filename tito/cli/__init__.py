"""The command line: it parses and prints."""

from tito.cli.entry import cli, main

__all__ = ["cli", "main"]
