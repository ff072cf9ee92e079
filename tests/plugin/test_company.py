"""Heads that work on one grid at the same time: what one has seen end, the other finds."""

import os
import time

import pytest

from snakemake_executor_plugin_submitit.ledger import Claim, Head, Ledger
from snakemake_executor_plugin_submitit.slurm.company import Company

DEAD = f"{2**22 + 1}-1-{Head.this().host}"


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger")


@pytest.fixture
def company(ledger):
    return Company(ledger)


def another(company, name="7-1-another-host", age=0.0):
    """The file of another head."""
    path = company.folder / name
    path.touch()
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def claim(ledger, tmp_path, keys="a"):
    return ledger.claim(tmp_path, [Claim(key) for key in keys])[0]


def test_a_head_alone_forgets_at_once(company, ledger, tmp_path):
    assert [path.name.count("-") >= 2 for path in company.folder.iterdir()] == [True]
    company.forget(claim(ledger, tmp_path), "a")
    assert ledger.keys() == set()


def test_beside_another_head_what_has_ended_stays(company, ledger, tmp_path):
    other = another(company)
    token = claim(ledger, tmp_path, "ab")
    company.forget(token, "a")
    assert ledger.keys() == {"a", "b"}
    other.unlink()
    company.leave()
    assert ledger.keys() == {"b"}
    assert list(company.folder.iterdir()) == []


def test_the_last_to_leave_tidies_up_only_what_it_has_seen(company, ledger, tmp_path):
    another(company)
    company.forget(claim(ledger, tmp_path), "a")
    company.leave()  # the other one has it
    assert ledger.keys() == {"a"}


@pytest.mark.parametrize(("name", "age"), [(DEAD, 0.0), ("7-1-another-host", 700.0)])
def test_a_head_that_died_does_not_count(company, ledger, tmp_path, name, age):
    path = another(company, name, age)
    company.forget(claim(ledger, tmp_path), "a")
    assert ledger.keys() == set()
    assert not path.exists()


def test_a_head_on_a_host_with_dashes_in_its_name_is_known(company):
    another(company, "7-1-login-01.site")
    assert not company.alone()


def test_a_job_that_this_head_wants_once_more_is_not_found_as_ended(company, ledger, tmp_path):
    """A retry of a failed job must run, whoever else looks."""
    another(company)
    token = claim(ledger, tmp_path, "ab")
    company.forget(token, "a")
    company.forget(token, "b")
    company.retried(["a", "c"])
    assert ledger.keys() == {"b"}
    assert company.kept == [(token, "b")]
