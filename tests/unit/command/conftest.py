"""The command, called as a user does, and a curve to call it with."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from datavolume.__main__ import main

CURVE = "n,value,seed\n" + "".join(
    f"{n},{1 - 2 * n**-0.4 + shift:.6f},{seed}\n"
    for n in (100, 200, 400, 800, 1600, 3200)
    for seed, shift in enumerate((0.0, 0.004, -0.003))
)


@dataclass(frozen=True)
class Said:
    """What a call gave."""

    code: int
    out: str
    error: str


Call = Callable[..., Said]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def calling(*arguments: object) -> Said:
        code = main([str(each) for each in arguments])
        out, error = capsys.readouterr()
        return Said(code, out, error)

    return calling


@pytest.fixture
def curve(tmp_path: Path) -> Path:
    """An accuracy of 1 - 2 n^-0.4 with three seeds."""
    file = tmp_path / "curve.csv"
    file.write_text(CURVE)
    return file
