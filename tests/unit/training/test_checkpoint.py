from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from unit.training.studies import updates_in

from datavolume.errors import UserError
from datavolume.training.surviving.checkpoint import Checkpoints, Progress


def progress_at(update: int) -> Progress:
    row = {"split": "train", "update": update, "loss": 0.1, "margin_wrong": float("nan")}
    state = {"weight": torch.arange(4096.0) + update}
    return Progress(update=update, seconds=1.5, metrics=[row], model=state, optimizer={"steps": [torch.ones(())]})


def checkpoints_in(folder: Path, *, run: str = "run", fingerprint: str = "data") -> Checkpoints:
    return Checkpoints(folder, run, fingerprint, seconds=60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Checkpoints of updates 20 and 30."""
    for update in (20, 30):
        checkpoints_in(tmp_path).save(progress_at(update))
    return tmp_path


def test_the_newest_comes_back_whole(folder: Path) -> None:
    found, saved = checkpoints_in(folder).load(), progress_at(30)
    assert (found.update, found.seconds, found.finished) == (30, 1.5, False)
    assert repr(found.metrics) == repr(saved.metrics)
    assert found.model is not None
    assert saved.model is not None
    assert torch.equal(found.model["weight"], saved.model["weight"])


def test_none_is_a_fresh_start(tmp_path: Path) -> None:
    assert checkpoints_in(tmp_path / "missing").load() == Progress()


def test_the_last_two_are_kept_and_what_a_kill_left_is_removed(folder: Path) -> None:
    (folder / ".update-00000035.0a1b2c3d.tmp.pt").write_bytes(b"half")
    checkpoints_in(folder).save(progress_at(40))
    assert updates_in(folder.iterdir()) == [30, 40]


def cut_short(content: bytes) -> bytes:
    return content[: len(content) // 2]


def bit_flipped(content: bytes) -> bytes:
    middle = content.index(torch.arange(4096.0).add(30)[2000].numpy().tobytes())
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("harm", [cut_short, bit_flipped, lambda _: b"", lambda _: b"\0" * 100])
def test_a_damaged_one_is_said_and_passed_over(
    folder: Path, harm: Callable[[bytes], bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    newest = folder / "update-00000030.pt"
    newest.write_bytes(harm(newest.read_bytes()))
    assert checkpoints_in(folder).load().update == 20
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith(f"{newest}: is damaged")


def test_both_damaged_is_a_fresh_start_and_the_next_one_counts(folder: Path) -> None:
    for file in folder.iterdir():
        file.write_bytes(b"")
    assert checkpoints_in(folder).load() == Progress()
    checkpoints_in(folder).save(progress_at(10))
    assert updates_in(folder.iterdir()) == [10]
    assert checkpoints_in(folder).load().update == 10


def test_other_images_are_said_and_not_used(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checkpoints_in(folder, fingerprint="changed").load() == Progress()
    assert "is of other images or another subset than there are now" in capsys.readouterr().err


def test_another_format_is_said_and_not_used(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    newest = folder / "update-00000030.pt"
    saved = torch.load(newest, weights_only=True)
    torch.save({**saved, "format": 99}, newest)
    assert checkpoints_in(folder).load().update == 20
    assert "is of format 99, this version reads formats up to 2" in capsys.readouterr().err


class Payload:
    """What unpickling would run."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("executed",)


def test_nothing_in_a_checkpoint_is_executed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    buffer = io.BytesIO()
    torch.save(Payload(), buffer)
    (folder / "update-00000040.pt").write_bytes(buffer.getvalue())
    assert checkpoints_in(folder).load().update == 30
    assert not (folder / "executed").exists()


def test_a_full_disk_changes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {file: file.read_bytes() for file in folder.iterdir()}

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"update-00000040.pt: cannot be written .No space left on device"):
        checkpoints_in(folder).save(progress_at(40))
    assert {file: file.read_bytes() for file in folder.iterdir()} == before


def test_another_network_is_refused_in_one_line(folder: Path) -> None:
    class Other:
        def load(self, state: dict[str, Any]) -> None:
            torch.nn.Linear(2, 2).load_state_dict(state["model"])

    checkpoints = checkpoints_in(folder)
    with pytest.raises(UserError, match=r"update-00000030.pt: does not fit the network .* delete .* to train anew"):
        checkpoints.restore(checkpoints.load(), Other())
