"""A job keeps its key for every head and every attempt; what wants the same goes out together."""

from plugin.fakes import keys_in, request_for

from snakemake_executor_plugin_submitit.requests import grouped, key_of


def test_requests_are_grouped_by_what_they_ask_for_whatever_the_order(job):
    a, b, c = (request_for(job, key, mem_gb=memory) for key, memory in (("a", 1), ("b", 2), ("c", 1)))
    assert [keys_in(group) for group in grouped([a, b, c])] == ["ac", "b"]
    assert grouped([]) == []


def test_the_order_of_resources_makes_no_difference(job):
    first, second = request_for(job, "a", x=1, y=2), request_for(job, "b", y=2, x=1)
    assert len(grouped([first, second])) == 1


def test_the_same_outputs_of_the_same_rule_are_the_same_job(job):
    """Whatever else has changed meanwhile: resources grow with attempts, and Snakemake numbers jobs anew."""
    first = job("train", {"run": "a"}, {"mem_mb": 1}, output=["x", "y"], jobid=1)
    again = job("train", {"run": "a"}, {"mem_mb": 2}, output=["y", "x"], jobid=9, threads=4)
    assert key_of(first) == key_of(again)
    assert len({key_of(first), key_of(job("test", output=["x", "y"])), key_of(job("train", output=["x"]))}) == 3


def test_a_group_is_known_by_its_members_whatever_its_id(job):
    members = [job("a", output=["x"]), job("b", output=["y"])]
    group = job("g", group="g", jobid="1f", jobs=members)
    assert key_of(group) == key_of(job("g", group="g", jobid="2e", jobs=members[::-1]))
    assert key_of(group) not in map(key_of, members)


def test_a_key_is_a_file_name(job):
    key = key_of(job(output=["../../etc/passwd", "é b"]))
    assert key.isalnum()
    assert len(key) == 20
