"""What a training says: nothing, a line for each epoch, or a bar on a terminal."""

from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console

from tinytorch.core.training import Epoch
from tinytorch.support.progress import bar, line_of, progress_report

ROW = Epoch(3, 0.25, 0.5, 0.125, 0.75, 0.01, 1.5)


def test_a_row_names_each_number_and_leaves_out_what_is_none():
    assert str(ROW) == line_of(ROW) == (
        "epoch   3: loss 0.2500, accuracy 50.0%, validation loss 0.1250, validation accuracy 75.0%, lr 0.01, "
        "seconds 1.50"
    )
    assert line_of(Epoch(12, 0.25, None, None, None, None, 1.5)) == "epoch  12: loss 0.2500, seconds 1.50"


@pytest.mark.parametrize(("wanted", "printed"), [(True, f"{ROW}\n"), (False, "")])
def test_elsewhere_than_on_a_terminal_a_row_is_a_line(wanted, printed, capsys):
    with progress_report(wanted, 10) as (on_update, on_epoch):
        on_update()
        on_epoch(ROW)
    assert capsys.readouterr().out == printed


def test_on_a_terminal_a_bar_is_asked_for(monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr("tinytorch.support.progress.bar", lambda updates: ("the bar of", updates))
    assert progress_report(True, 7) == ("the bar of", 7)


@pytest.mark.parametrize("updates", [4, None])
def test_the_bar_moves_in_ascii_and_prints_the_rows(updates):
    file = io.StringIO()
    with bar(updates, Console(file=file, force_terminal=True, width=120)) as (on_update, on_epoch):
        for _ in range(4):
            on_update()
        on_epoch(ROW)
    shown = file.getvalue()
    assert str(ROW) in shown and shown.isascii()
    assert ("#" * 30 in shown) == (updates is not None)
