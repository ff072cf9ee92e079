"""Atomic writes: all of a file or none of it, and one line where it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from datavolume.errors import UserError
from datavolume.files import atomic, write_text


def test_a_file_appears_whole_with_its_folders(tmp_path: Path) -> None:
    write_text(tmp_path / "a/b/c.txt", "text")
    assert (tmp_path / "a/b/c.txt").read_text() == "text"
    assert [path.name for path in (tmp_path / "a/b").iterdir()] == ["c.txt"]


def test_what_fails_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "c.txt"
    write_text(file, "old")
    with pytest.raises(RuntimeError):
        stop_half_way(file)
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["c.txt"]


def stop_half_way(file: Path) -> None:
    with atomic(file) as temporary:
        temporary.write_text("ne")
        raise RuntimeError


def test_a_folder_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("")
    for path in ("folder/c.txt", "folder/deeper/c.txt"):
        with pytest.raises(UserError, match=r"c\.txt: cannot be written \(one of its folders is a file\); nothing was"):
            write_text(tmp_path / path, "text")
    assert (tmp_path / "folder").read_text() == ""
