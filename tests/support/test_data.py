"""The data sets: found where a learner works, read with the right types, and told of in a sentence where missing."""

from __future__ import annotations

import gzip
import json
import lzma
from pathlib import Path

import numpy as np
import pytest

from tinytorch.support import data
from tinytorch.support.data import HELD_OUT, dataset, load_digits, load_digits20, load_shakespeare

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


def test_the_larger_digits_have_the_shapes_types_and_order_that_lessons_count_on():
    images, labels = load_digits20()
    assert (images.shape, images.dtype) == ((5000, 20, 20), np.float32)
    assert (labels.shape, labels.dtype) == ((5000,), np.int64)
    assert (images.min(), images.max()) == (0, 1)
    assert np.bincount(labels).tolist() == [500] * 10 and (np.diff(labels) >= 0).all()
    ones, zeros = images[labels == 1], images[labels == 0]  # a one is dark to its left and right, a zero in its middle
    assert ones[:, :, :3].mean() < 0.02 and zeros[:, 9:11, 9:11].mean() < 0.2 < ones[:, 9:11, 9:11].mean()


def test_a_picture_of_another_size_is_refused(tmp_path):
    from PIL import Image

    Image.new("L", (20, 20)).save(tmp_path / "digits.png")
    with pytest.raises(ValueError, match=r"should be of 1000 x 2000 grey pixels, this one is of \(20, 20\)"):
        load_digits20(tmp_path / "digits.png")


def test_shakespeare_is_there_whole_and_three_plays_are_held_out():
    training, test = load_shakespeare()
    assert (len(training), tuple(test)) == (39, HELD_OUT)
    texts = [*training.values(), *test.values()]
    assert sum(map(len, texts)) == 5_057_198 and all(text.isascii() for text in texts)
    assert training["Hamlet"].startswith("HAMLET, PRINCE OF DENMARK") and "To be, or not to be" in training["Hamlet"]


def test_works_without_the_plays_to_test_on_are_refused(tmp_path):
    with lzma.open(tmp_path / "works.xz", "wt", encoding="utf-8") as file:
        json.dump({"Macbeth": "", "Hamlet": ""}, file)
    with pytest.raises(ValueError, match="the plays to test on are missing: The Tempest, Twelfth Night"):
        load_shakespeare(tmp_path / "works.xz")
