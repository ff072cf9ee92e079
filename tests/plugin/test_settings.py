"""The options: each with help, and one line for a value that cannot be meant."""

from argparse import ArgumentParser
from dataclasses import fields
from pathlib import Path

import pytest
from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

from snakemake_executor_plugin_submitit import ExecutorSettings


@pytest.fixture
def plugin():
    """The plugin as Snakemake finds it."""
    return ExecutorPluginRegistry().get_plugin("submitit")


@pytest.fixture
def parse(plugin):
    """Reads a command line into settings, as Snakemake does."""
    parser = ArgumentParser()
    plugin.register_cli_args(parser, "executor")
    return lambda *arguments: plugin.get_settings(parser.parse_args(arguments))


def test_every_setting_is_an_option_with_help(plugin):
    options = {info["cliarg"]: info["help"] for info in plugin.get_settings_info()}
    assert set(options) == {f"--submitit-{field.name.replace('_', '-')}" for field in fields(ExecutorSettings)}
    assert all(text.endswith(".") for text in options.values())


def test_the_defaults_stand_without_options(parse):
    assert parse() == ExecutorSettings()
    assert parse().defaults() == {"runtime": 60, "slurm_partition": "", "slurm_account": ""}


def test_options_are_read(parse):
    settings = parse("--submitit-cluster", "local", "--submitit-folder", "~/l", "--submitit-array-parallelism", "8")
    assert (settings.cluster, settings.folder, settings.array_parallelism) == ("local", Path.home() / "l", 8)


def test_an_unknown_cluster_is_one_line_with_the_valid_names(parse, capsys):
    with pytest.raises(SystemExit):
        parse("--submitit-cluster", "moon")
    message = capsys.readouterr().err.splitlines()[-1]
    assert "--submitit-cluster: invalid choice: 'moon'" in message
    assert all(name in message for name in ("slurm", "local", "debug"))
    with pytest.raises(WorkflowError) as caught:
        ExecutorSettings(cluster="moon")
    assert str(caught.value) == "--submitit-cluster moon: unknown, choose one of slurm, local, debug"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"array_parallelism": -1}, "--submitit-array-parallelism -1: must be at least 0"),
        ({"runtime": 0}, "--submitit-runtime 0: must be at least 1"),
        ({"requeues": -1}, "--submitit-requeues -1: must be at least 0"),
        ({"poll_seconds": 0.0}, "--submitit-poll-seconds 0.0: must be at least 0.1"),
        ({"state_seconds": 0.5}, "--submitit-state-seconds 0.5: must be at least 1"),
    ],
)
def test_a_number_that_cannot_be_meant_is_one_line(value, words):
    with pytest.raises(WorkflowError) as caught:
        ExecutorSettings(**value)
    assert str(caught.value) == words


@pytest.mark.parametrize("cluster", ["local", "debug"])
def test_only_jobs_on_slurm_can_be_left(cluster):
    assert ExecutorSettings(detach=True).detach
    with pytest.raises(WorkflowError) as caught:
        ExecutorSettings(detach=True, cluster=cluster)
    assert str(caught.value) == f"--submitit-detach: the jobs of --submitit-cluster {cluster} end with this call"


def test_flags_are_read(parse):
    settings = parse("--submitit-detach", "--submitit-inner-snakemake", "--submitit-requeues", "0")
    assert (settings.detach, settings.inner_snakemake, settings.requeues) == (True, True, 0)
