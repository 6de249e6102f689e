"""The data sets: found where a learner works, read with the right types, and told of in a sentence where missing."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from tinytorch.support import data
from tinytorch.support.data import dataset, load_digits

ROOT = Path(__file__).resolve().parents[2]


def without_package(monkeypatch, folder: Path) -> None:
    """As if the package lay in `folder`, with no data sets beside it."""
    monkeypatch.setattr(data, "__file__", str(folder / "site" / "tinytorch" / "support" / "data.py"))


def test_the_digits_have_the_shapes_types_and_ranges_that_lessons_count_on():
    images, labels = load_digits()
    assert (images.shape, images.dtype) == ((1797, 64), np.float32)
    assert (labels.shape, labels.dtype) == ((1797,), np.int64)
    assert (images.min(), images.max()) == (0, 1)
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.array_equal(images * 16, np.round(images * 16))


def test_a_folder_above_the_current_one_is_looked_into(monkeypatch, tmp_path):
    without_package(monkeypatch, tmp_path)
    (tmp_path / "datasets" / "words").mkdir(parents=True)
    (tmp_path / "datasets" / "words" / "a.txt").write_text("a", encoding="utf-8")
    (tmp_path / "modules" / "01_tensor").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "modules" / "01_tensor")
    assert dataset("words", "a.txt") == tmp_path / "datasets" / "words" / "a.txt"


def test_the_current_folder_comes_before_the_package(monkeypatch, tmp_path):
    (tmp_path / "datasets" / "digits").mkdir(parents=True)
    with gzip.open(tmp_path / "datasets" / "digits" / "digits.csv.gz", "wt", encoding="utf-8") as file:
        file.write(",".join(["16"] * 64 + ["7"]) + "\n")
    monkeypatch.chdir(tmp_path)
    images, labels = load_digits()
    assert images.tolist() == [[1.0] * 64] and labels.tolist() == [7]


def test_outside_of_every_course_the_data_beside_the_package_are_found(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert dataset("digits", "digits.csv.gz") == ROOT / "datasets" / "digits" / "digits.csv.gz"


def test_missing_data_are_told_of_with_what_to_do(monkeypatch, tmp_path):
    without_package(monkeypatch, tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError) as caught:
        load_digits()
    assert str(caught.value) == (
        f"datasets/digits/digits.csv.gz is not in {tmp_path}, in a folder above it, or beside "
        f"{tmp_path / 'site' / 'tinytorch'}: start in the folder that holds your lessons, or copy datasets/ into it "
        "from where you got the course"
    )


def test_a_file_of_another_form_is_refused(tmp_path):
    (tmp_path / "wrong.csv").write_text("1,2,3\n", encoding="utf-8")
    with pytest.raises(ValueError, match="a line should hold 64 pixels and a label, this file's hold 3 numbers"):
        load_digits(tmp_path / "wrong.csv")
