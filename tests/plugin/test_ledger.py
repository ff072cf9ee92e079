"""Of two heads exactly one submits a job; a payload runs while its claim is the latest and its job the one recorded."""

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from snakemake_executor_plugin_submitit import ledger as module
from snakemake_executor_plugin_submitit.ledger import (
    Claim,
    Head,
    Ledger,
    newest_token,
    private_folder,
    seen_restart,
    take,
    withdrawn,
)

RUNS = ""  # what `withdrawn` says of a job that may run


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger")


def claims(keys):
    return [Claim(key) for key in keys]


def test_of_two_heads_one_has_each_job(ledger, tmp_path):
    other = Ledger(tmp_path / "ledger")
    first, mine = ledger.claim(tmp_path, claims("ab"))
    second, theirs = other.claim(tmp_path, claims("bc"))
    assert (mine, theirs) == ({"a", "b"}, {"c"})
    assert {key: entry.token for key, entry in ledger.find("abcd").items()} == {"a": first, "b": first, "c": second}
    assert ledger.keys() == set("abc")


def test_heads_at_the_same_moment_share_no_job(tmp_path):
    """Four processes claim the same hundred jobs, begun together."""
    code = (
        "import sys; from pathlib import Path; from snakemake_executor_plugin_submitit.ledger import Claim, Ledger\n"
        "ledger = Ledger(Path('ledger')); jobs = [Claim(str(n)) for n in range(100)]\n"
        "print('ready', flush=True); sys.stdin.readline(); print(*ledger.claim(Path('x'), jobs)[1])"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": tmp_path}
    heads = [subprocess.Popen([sys.executable, "-c", code], **pipes) for _ in range(4)]
    assert [head.stdout.readline() for head in heads] == ["ready\n"] * 4
    for head in heads:
        head.stdin.write("\n")
        head.stdin.flush()
    claimed = [key for head in heads for key in head.communicate()[0].split()]
    assert sorted(claimed, key=int) == [str(number) for number in range(100)]


def test_nothing_is_written_for_a_head_that_gets_nothing(ledger, tmp_path):
    ledger.claim(tmp_path, claims("a"))
    assert ledger.claim(tmp_path, claims("a"))[1] == set()
    assert len(list(ledger.groups.iterdir())) == 1


def test_a_submission_is_found_with_all_that_is_known(ledger, tmp_path):
    token, _ = ledger.claim(tmp_path / "jobs", [Claim("a", "f1", 2), Claim("b")])
    unanswered = ledger.find("a")["a"]
    assert (unanswered.job_id, unanswered.submitted) == (None, 0.0)
    ledger.record(token, {"a": "7_0", "b": "7_1"})
    entry = Ledger(ledger.folder).find("ab")["a"]
    assert (entry.job_id, entry.folder, entry.fingerprint, entry.resubmissions) == ("7_0", tmp_path / "jobs", "f1", 2)
    assert entry.claimed == unanswered.claimed <= entry.submitted
    assert entry.head == Head.this()


def test_a_job_may_run_while_it_is_the_latest_and_recorded(ledger, tmp_path):
    token, _ = ledger.claim(tmp_path, claims("ab"))
    assert withdrawn(ledger.folder, "a", token, "7_0") == "unknown"
    ledger.record(token, {"a": "7_0", "b": "7_1"})
    assert withdrawn(ledger.folder, "a", token, "7_0") == RUNS
    # sbatch that gave no answer was repeated: two arrays with one token, and only the recorded one counts.
    assert withdrawn(ledger.folder, "a", token, "6_0") == "its submission is recorded as job 7_0"
    ledger.release(token, "a")
    assert withdrawn(ledger.folder, "a", token, "7_0") == "its submission has been withdrawn"
    assert withdrawn(ledger.folder, "b", token, "7_1") == RUNS
    newer, _ = ledger.claim(tmp_path, claims("a"))
    assert withdrawn(ledger.folder, "a", token, "7_0") == "a newer submission has taken its place"
    assert newest_token(ledger.folder, "a") == newer


def test_what_is_released_leaves_nothing(ledger, tmp_path):
    token, _ = ledger.claim(tmp_path, claims("ab"))
    ledger.record(token, {"a": "7_0", "b": "7_1"})
    take(ledger.folder, "a", "7_0", 1)
    ledger.release(token, "a")
    assert (ledger.keys(), ledger.restarts()) == ({"b"}, 0)
    ledger.release(token, "b")
    assert [path for folder in (ledger.claims, ledger.groups, ledger.starts) for path in folder.iterdir()] == []
    assert newest_token(ledger.folder, "a") == ""  # nobody waits for it
    assert newest_token(tmp_path / "away", "a") is None  # nobody can tell


def test_an_old_submission_cannot_release_a_newer_one(ledger, tmp_path):
    old, _ = ledger.claim(tmp_path, claims("a"))
    ledger.release(old, "a")
    new, _ = ledger.claim(tmp_path, claims("a"))
    ledger.release(old, "a")
    assert ledger.find("a")["a"].token == new


def test_restarts_are_noted_and_counted(ledger):
    assert take(ledger.folder, "a", "7_0", 0) == ""
    assert (seen_restart(ledger.folder, "a", "7_0"), ledger.restarts()) == (0, 0)
    for restart in (1, 2, 10):
        assert take(ledger.folder, "a", "7_0", restart) == ""
    take(ledger.folder, "a", "7_01", 30)
    assert (seen_restart(ledger.folder, "a", "7_0"), ledger.restarts()) == (10, 4)


def test_a_restart_that_cannot_be_noted_does_not_run(tmp_path):
    assert take(tmp_path / "away", "a", "7", 1).startswith("its start could not be noted (")


@pytest.mark.parametrize("content", [None, "", '{"folder": "x", "jo'])
def test_a_torn_or_missing_submission_is_no_job(ledger, tmp_path, content):
    token, _ = ledger.claim(tmp_path, claims("a"))
    ledger.group(token).unlink() if content is None else ledger.group(token).write_text(content)
    assert ledger.find("a") == {}
    assert withdrawn(ledger.folder, "a", token, "7") == "its submission has been withdrawn"
    ledger.release(token, "a")
    assert ledger.keys() == set()


def test_a_head_killed_while_it_writes_leaves_the_older_text(ledger, tmp_path, monkeypatch):
    token, _ = ledger.claim(tmp_path, claims("a"))

    def killed(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        ledger.record(token, {"a": "7"})
    assert ledger.find("a")["a"].job_id is None


def test_a_claim_whose_head_died_before_it_wrote_is_taken_over(ledger, tmp_path):
    """Killed between the link and nothing else: the link alone must not keep a job for ever."""
    ledger.link("a").symlink_to("0" * 32)
    assert ledger.find("a") == {}
    _, mine = ledger.claim(tmp_path, claims("a"))
    assert mine == {"a"}


def test_a_dead_head_is_known_by_its_process():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    alive = Head(Head.this().host, process.pid, module.started(process.pid))
    assert not alive.is_dead()
    assert replace(alive, started="1").is_dead()  # its number was given to another process
    process.communicate()
    assert alive.is_dead()
    assert not replace(alive, host="elsewhere").is_dead()  # nobody knows


def test_folders_are_this_users_alone(tmp_path):
    folder = private_folder(tmp_path / "a" / "jobs")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o777)
    assert stat.S_IMODE(private_folder(folder).stat().st_mode) == 0o700


def test_the_whole_ledger_is_this_users_alone(ledger, tmp_path):
    ledger.record(ledger.claim(tmp_path, claims("a"))[0], {"a": "7"})
    folders = [ledger.folder, *(path for path in ledger.folder.rglob("*") if path.is_dir())]
    assert len(folders) == 4
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}


def test_a_folder_of_another_user_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(PermissionError, match=f"belongs to the user with id {os.getuid()}; name a folder of your own"):
        Ledger(tmp_path)


def test_a_folder_that_cannot_be_is_the_systems_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        private_folder(tmp_path / "file" / "jobs")


def test_what_is_written_can_be_read_without_the_plugin(ledger):
    """A person may look: plain JSON, and a link that names it."""
    token, _ = ledger.claim(Path("/jobs"), [Claim("a", "f1", 1)])
    ledger.record(token, {"a": "7"})
    assert ledger.link("a").readlink() == Path(token)
    group = json.loads(ledger.group(token).read_text())
    assert group["jobs"] == [{"key": "a", "fingerprint": "f1", "resubmissions": 1, "job_id": "7"}]
