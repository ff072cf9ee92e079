"""The resource `slurm_extra`: options of sbatch as a person writes them, for what no resource asks for.

resources_and_options("--qos=long --exclusive")    # ({"qos": "long"}, {"exclusive": True})
"""

import shlex

__all__ = ["resources_and_options"]

Options = dict[str, str | bool]

# Options that would take a job away from the plugin that waits for it.
OWN = frozenset(
    {
        "array",
        "chdir",
        "comment",
        "error",
        "export_file",
        "job_name",
        "open_mode",
        "output",
        "parsable",
        "test_only",
        "wait",
        "wrap",
    }
)
SAME = {  # read as if the resource had been written
    "account": "slurm_account",
    "clusters": "clusters",
    "constraint": "constraint",
    "exclude": "exclude",
    "gres": "gres",
    "partition": "slurm_partition",
    "qos": "qos",
}
INSTEAD = {  # what the plugin must know to start the payload once and to warn it in time, in sbatch's own units
    "cpus_per_gpu": "cpus_per_gpu",
    "cpus_per_task": "threads or cpus_per_task",
    "gpus": "gpu",
    "gpus_per_node": "gpu",
    "gpus_per_task": "gpu and tasks",
    "nodes": "nodes",
    "ntasks": "tasks",
    "ntasks_per_gpu": "tasks_per_gpu",
    "ntasks_per_node": "tasks_per_node",
    "signal": "warning_seconds",
    "time": "runtime (minutes)",
}


def resources_and_options(text: str) -> tuple[dict[str, str], Options]:
    """Those of the options that are resources too, by the resource's name, and the others.

    Raises ValueError when the text is no list of long options, or holds one that the plugin must set itself.
    """
    options = read_options(text)
    for name in sorted(options):
        dashed = name.replace("_", "-")
        if name in OWN:
            raise ValueError(f"sets --{dashed}, which the plugin sets itself")
        if name in INSTEAD:
            raise ValueError(f"sets --{dashed}: write the resource {INSTEAD[name]} instead")
    resources = {SAME[name]: str(value) for name, value in options.items() if name in SAME}
    return resources, {name: value for name, value in options.items() if name not in SAME}


def read_options(text: str) -> Options:
    """`--key=value`, `--key value` and `--flag` as submitit's additional parameters, read as a shell does."""
    options: Options = {}
    key = ""
    for token in shlex.split(unquoted(text)):
        if token.startswith("--") and len(token) > 2:
            name, equals, setting = token[2:].partition("=")
            key = name.replace("-", "_")
            options[key] = setting if equals else True
        elif key and options[key] is True and not token.startswith("-"):
            options[key] = token
        else:
            raise ValueError(f"has {token!r} where a long option such as --exclusive or --gres=gpu:1 is expected")
    return options


def unquoted(text: str) -> str:
    """The text without quotes around the whole of it, which profiles for other executors have."""
    text = text.strip()
    whole = len(text) > 1 and text[0] in "'\"" and text.find(text[0], 1) == len(text) - 1
    return text[1:-1] if whole else text
