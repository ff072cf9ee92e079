"""What a user can mend: one line, exit code 2, and nothing on standard output."""

from pathlib import Path
from typing import Any

import pytest

from datavolume import __version__

FILES = [
    ("n,accuracy\n1,0.2\n", "column 'value' is missing; the file has n, accuracy"),
    ("n,value\n100,0.5\n200,abc\n", "line 3: value is 'abc', which is no number"),
    ("n,value\n\n100,0.5\n200,\n", "line 4: value is '', which is no number; leave out rows without one"),
    ("n,value\n100,nan\n", "line 2: value is 'nan', which is no number"),
    ("n,value\n100,93.1%\n", "write 0.931 for 93.1 %"),
    ("n;value\n100;0,5\n", "write a point, not a comma"),
    ("n,value\n100,50\n200,70\n400,93.1\n", "line 2: value is 50; accuracy lies between 0 and 1: divide by 100 (0.5)"),
    (
        "n,value\n100,.5\n200,.7\n400,93.1\n",
        "line 4: value is 93.1; accuracy lies between 0 and 1: divide by 100 (0.931)",
    ),
    ("n,value\n100,.5\n200,.6\n200,.7\n", "has 2 different sizes; a forecast needs at least 3"),
    ("n,value\n0,.5\n200,.6\n400,.7\n", "line 2: n is 0; a number of samples is above 0"),
    ("n,value\n100,0.5,3\n", "line 2: has 3 cells, but the header names 2 (n, value)"),
    ("n,value,n\n1,0.5,3\n", "column 'n' stands twice"),
    ("n,value,seed\n1,.5,a\n2,.6,a\n4,.7,a\n4,.8,a\n", "line 5: seed a at n = 4 stands in line 4 already"),
    ("n,value\n", "has 0 different sizes"),
    ("n|value\n1|0.5\n", "has one column, n|value; commas, semicolons or tabs are to separate several"),
    ("100,0.5\n200,0.6\n", "the first line is to name the columns, as n,value,seed, but holds '100'"),
    ('n,value\n"1,000",0.5\n', "line 2: n is '1,000', which is no number; write 1000, without commas"),
    ('n,value\n"100,0.5\n200,0.6\n', "is no CSV"),
    ('n,value\n"1\n0",0.5\n20,0.6\n', "line 3: n is '1"),
    ("n,value\n5\n", "line 2: has 1 cell, but the header names 2"),
    ("n,value,seed\n1,.5,a\n2,.6,\n4,.7,a\n", "line 3: has no seed, as others have"),
    ("", "is empty; the first line is to name the columns"),
]

OPTIONS = [
    (["--to", "abc"], "--to: 'abc' is no number of samples above 0; write 20000"),
    (["--to", "20,000"], "--to: '000'"),
    (["--to", "-5"], "--to: '-5'"),
    (["--kind", "acc"], "--kind: 'acc' is not allowed; it is one of accuracy, error, loss"),
    (["--level", "2"], "--level: 2 is not allowed"),
    (["--level", "x"], "--level"),
    (["--target", "99"], "divide by 100 (0.99)"),
    (["--margin", "0"], "above 0"),
    (["--margin", "1"], "--margin: 1 is not allowed; accuracy lies between 0 and 1; divide by 100 (0.01)"),
    (["--margin", "200"], "--margin: 200 is not allowed; accuracy lies between 0 and 1"),
    (["--plot", "x.gif"], "the file ends in .png, .svg, .pdf"),
    (["--nope"], "--nope"),
]


def one_line(said: Any, text: str) -> None:
    assert said.code == 2
    assert said.out == ""
    assert said.error.count("\n") == 1
    assert said.error.startswith("Error: ")
    assert text in said.error


@pytest.mark.parametrize(("content", "text"), FILES)
def test_a_file_that_cannot_be_read(call: Any, tmp_path: Path, content: str, text: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(content)
    said = call("forecast", file)
    one_line(said, text)
    assert str(file) in said.error


@pytest.mark.parametrize(("options", "text"), OPTIONS)
def test_an_option_that_cannot_be(call: Any, curve: Path, options: list[str], text: str) -> None:
    one_line(call("forecast", curve, *options), text)


def test_a_loss_may_be_above_one_but_not_zero(call: Any, tmp_path: Path) -> None:
    file = tmp_path / "loss.csv"
    file.write_text("n,value\n1,50\n2,20\n3,10\n4,8\n")
    assert call("forecast", file, "--kind", "loss").code == 0
    file.write_text("n,value\n1,50\n2,20\n3,0\n")
    one_line(call("forecast", file, "--kind", "loss"), "line 4: value is 0; a loss is above 0")


def test_no_such_file_folder_or_text(call: Any, tmp_path: Path) -> None:
    one_line(call("forecast", tmp_path / "none.csv"), "there is no such file")
    one_line(call("forecast", tmp_path), "cannot be read")
    (tmp_path / "x.bin").write_bytes(b"\xff\xfe\x00")
    one_line(call("forecast", tmp_path / "x.bin"), "no text in UTF-8")


def test_a_figure_that_cannot_be_written(call: Any, curve: Path) -> None:
    one_line(call("forecast", curve, "--plot", curve / "x.png"), "cannot be written")


def test_no_such_command_or_argument(call: Any) -> None:
    one_line(call("forecats", "x.csv"), "forecats")
    one_line(call("forecast"), "CURVE.CSV")


def test_without_arguments_the_help(call: Any) -> None:
    said = call()
    assert said.code == 2
    assert said.error == ""
    assert "forecast" in said.out


@pytest.mark.parametrize(
    ("options", "warning"),
    [
        (["--to", "20.000"], "Warning: n = 20 is below the smallest size, 100"),
        (["--kind", "error"], "Warning: --kind error, though the values rise with n: is it right?"),
    ],
)
def test_what_is_likely_a_mistake_is_a_warning(call: Any, curve: Path, options: list[str], warning: str) -> None:
    said = call("forecast", curve, *options)
    assert said.code == 0
    assert warning in said.out


def test_an_empty_column_of_seeds_is_none(call: Any, tmp_path: Path) -> None:
    file = tmp_path / "curve.csv"
    file.write_text("n,value,seed\n100,.5,\n100,.52,\n200,.6,\n400,.7,\n")
    assert call("forecast", file).code == 0


def test_the_version_and_the_help(call: Any) -> None:
    assert call("--version").out == f"datavolume {__version__}\n"
    for option in ("-h", "--help"):
        said = call("compare", option)
        assert (said.code, said.error) == (0, "")
        assert "Example: datavolume compare" in said.out


@pytest.mark.parametrize("width", [40, 60, 80])
def test_a_narrow_terminal_cuts_no_number(call: Any, curve: Path, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    out = call("forecast", curve, "--to", "1000000", "--target", "0.95").out
    assert "1,000,000" in out
    assert "…" not in out


def test_nothing_is_coloured_for_a_file(call: Any, curve: Path) -> None:
    assert "\x1b" not in call("forecast", curve).out
