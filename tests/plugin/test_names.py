"""A job is found by its rule and its wildcards."""

from pathlib import Path

from snakemake_executor_plugin_submitit.names import array_name, label_of, log_of

LOGS = Path("logs")


def test_rule_and_wildcards_name_a_job(job):
    train = job(wildcards_dict={"run": "cnn-f0.25", "seeds": "0-4"})
    assert label_of(train) == "train.cnn-f0.25.0-4"
    assert log_of(LOGS, train) == Path("logs/train/cnn-f0.25.0-4.log")


def test_a_rule_without_wildcards_names_its_log(job):
    assert label_of(job("plan")) == "plan"
    assert log_of(LOGS, job("plan")) == Path("logs/plan/plan.log")


def test_a_group_is_named_by_its_id(job):
    group = job("chain", group="chain", jobid="6f1c")
    assert label_of(group) == "group-chain.6f1c"
    assert log_of(LOGS, group) == Path("logs/group-chain/6f1c.log")


def test_wildcards_that_are_no_file_names_stay_apart_and_inside_the_folder(job):
    values = ["a/b", "a_b", "a b", "../../etc", "-rf", ".", "é", "x" * 400, "x" * 401]
    logs = [log_of(LOGS, job(wildcards_dict={"w": value})) for value in values]
    assert len(set(logs)) == len(values)
    assert {log.parent for log in logs} == {LOGS / "train"}
    assert all(len(log.name) < 255 and log.name[0] not in ".-" for log in logs)


def test_an_array_is_named_by_its_rules_and_its_number(job):
    several = [job("train", {"run": "a"}), job("train", {"run": "b"}), job("subset")]
    assert array_name(several) == "train+subset.3jobs"
    assert array_name(several[:1]) == "train.a"
