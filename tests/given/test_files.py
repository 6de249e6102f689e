"""torch.save and torch.load, for states."""

from __future__ import annotations

import numpy as np
import pytest

import tinytorch as torch
from tinytorch import nn


def test_a_state_comes_back_as_it_was(tmp_path):
    model, other = (nn.Sequential(nn.Linear(3, 2), nn.Embedding(2, 2)) for _ in range(2))
    optimizer = torch.optim.Adam(model.parameters())
    model[0](torch.ones(1, 3)).sum().backward()
    optimizer.step()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}, tmp_path / "run.pt")
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]
    found = torch.load(tmp_path / "run.pt")
    other.load_state_dict(found["model"])
    assert all(np.array_equal(p.data, q.data) for p, q in zip(model.parameters(), other.parameters(), strict=True))
    again = torch.optim.Adam(other.parameters())
    again.load_state_dict(found["optimizer"])
    assert found["epoch"] == 3 and again.state[other[0].weight]["step"] == 1


def test_what_is_not_a_state_is_refused(tmp_path):
    for value in (nn.Linear(1, 1), torch.ones(2)):
        with pytest.raises(TypeError):
            torch.save(value, tmp_path / "x.pt")
    (tmp_path / "x.pt").write_bytes(b"PK\x03\x04 something else")
    with pytest.raises(ValueError, match="is not a whole checkpoint"):
        torch.load(tmp_path / "x.pt")
