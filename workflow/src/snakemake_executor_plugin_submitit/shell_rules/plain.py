"""Which jobs are plain: nothing but a shell command whose text cannot depend on the node that runs it.

    refuse_not_plain(job, workflow)             raises NotPlainError("it runs no shell command")

Command and params are the head's, where the inner Snakemake would compute them again; whatever is not known to be
harmless is not plain. What cannot be seen: a value that the Snakefile computes from its environment while it is read.
"""

import os
import re
import shutil
import string
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType
from typing import Any

from snakemake.common import __version__ as snakemake_version
from snakemake.settings.types import DeploymentMethod, SharedFSUsage
from snakemake.shell import MAX_ARG_LEN, shell
from snakemake_interface_executor_plugins.settings import ExecMode  # type: ignore[import-untyped]

__all__ = ["NotPlainError", "refuse_not_plain", "refuse_not_plain_command"]

FIELDS = frozenset(["config", "input", "log", "output", "params", "resources", "rule", "threads", "wildcards"])
MARKS_OF_THE_HEAD = ("ensure", "protected", "temp", "touch")  # what it does about them when the job has ended
FLAGS = frozenset([*MARKS_OF_THE_HEAD, "access_pattern", "ancient", "directory", "multiext", "path_modified", "report"])
# Words of a function that may not give the same on the head and on a node.
NODE_WORDS = frozenset(
    re.findall(
        r"\w+",
        """check_output cpu_count disk_usage environ environb expanduser expandvars getenv getfqdn getloadavg getpass
        getpid gettempdir gethostname getuser mkdtemp mkstemp node platform popen psutil sched_getaffinity socket
        subprocess system system_tmpdir tempfile tmpdir uname""",
    )
)


class NotPlainError(Exception):
    """Why a job needs the inner Snakemake."""


def refuse_not_plain(job: Any, workflow: Any) -> None:
    """Raise NotPlainError for the first thing that stands in the way, before the command is formatted."""
    looks = (of_job, of_session, of_shell, of_rule, of_files, of_template, of_params)
    refuse(reason for look in looks for reason in look(job, workflow))


def refuse_not_plain_command(command: str, workflow: Any) -> None:
    """Raise NotPlainError for a finished command that could not run as it is."""
    caches = {str(workflow.sourcecache.cache_path), str(workflow.sourcecache.runtime_cache_path)}
    refuse(
        those(
            ("<TBD>" in command, "its command uses what is known only on the node"),
            (any(cache in command for cache in caches), "its command uses the source cache"),
            (len(command.replace("'", r"'\''")) + 2 > MAX_ARG_LEN, "its command is too long for one argument"),
        )
    )


def refuse(reasons: Iterable[str]) -> None:
    """Raise NotPlainError for the first reason, if any."""
    for reason in reasons:
        raise NotPlainError(reason)


def those(*pairs: tuple[Any, str]) -> Iterator[str]:
    """The texts whose condition is true."""
    return (text for condition, text in pairs if condition)


def of_job(job: Any, _: Any) -> Iterator[str]:
    """What makes it more than one job of one rule."""
    if job.is_group():
        yield "it is a group of jobs"
    if job.pipe_group is not None or job.pipe_or_service_output:
        yield "it is tied to a pipe or a service"
    if job.has_queue_input():
        yield "its inputs come from a queue"


def of_session(job: Any, workflow: Any) -> Iterator[str]:
    """How Snakemake was called."""
    remote, storage = workflow.remote_execution_settings, workflow.storage_settings
    apart = sorted(usage.item_to_choice() for usage in SharedFSUsage.all() - set(storage.shared_fs_usage))
    options = str(job.resources.get("slurm_extra") or "")
    return those(
        (os.name != "posix", "this system is not POSIX"),
        (not snakemake_version.startswith("9."), f"Snakemake {snakemake_version} is not known here"),
        (workflow.exec_mode != ExecMode.DEFAULT, "this Snakemake is itself a job"),
        (remote.immediate_submit, "--immediate-submit leaves no head to finish it"),
        (remote.precommand, "--precommand is given"),
        (apart, f"head and nodes do not share {', '.join(apart)}"),
        (storage.default_storage_provider, "its files are in the default storage provider"),
        (os.environ.get("SBATCH_EXPORT", "ALL") != "ALL" or "--export" in options, "it has not the head's environment"),
    )


def of_shell(job: Any, _: Any) -> Iterator[str]:
    """The shell that Snakemake would start."""
    executable = shell.get_executable()
    return those(
        (job.resources.get("shell_exec") is not None, "the resource shell_exec names another shell"),
        (executable is None or executable != shutil.which("bash"), "its shell is not the usual bash"),
        (set(shell._process_args) != {"executable"}, "its shell has arguments of its own"),
        (shell._process_prefix is not None, "shell.prefix is set"),
        (shell._process_suffix, "shell.suffix is set"),
    )


def of_rule(job: Any, workflow: Any) -> Iterator[str]:
    """What the rule says beside its files and its command."""
    rule, deployed = job.rule, workflow.deployment_settings.deployment_method
    return those(
        (job.is_local, "it runs on the head"),
        (not rule.is_shell or rule.norun, "it runs no shell command"),
        (rule.conda_env and DeploymentMethod.CONDA in deployed, "it runs in a conda environment"),
        (rule.container_img and DeploymentMethod.APPTAINER in deployed, "it runs in a container"),
        (rule.env_modules and DeploymentMethod.ENV_MODULES in deployed, "it loads environment modules"),
        (rule.shadow_depth is not None, "it runs in a shadow directory"),
        (job.benchmark is not None, "it is benchmarked"),
        (rule.cache and rule.cache.output, "its output may come from the cache"),
        (rule.is_handover, "it hands over to another system"),
    )


def of_files(job: Any, _: Any) -> Iterator[str]:
    """Files that are not just files."""
    for kind in ("input", "output", "log"):
        for file in getattr(job, kind):
            odd = sorted({flag for flag, value in file.flags.items() if value} - FLAGS)
            yield from (f"its {kind} {file} is flagged {flag}" for flag in odd)


def of_template(job: Any, _: Any) -> Iterator[str]:
    """Names in the command beyond the job's own: the Snakefile's variables may be others on the node."""
    rule, code = job.rule, job.rule.run_func.__code__
    if set(code.co_names) != {"shell"} or rule.shellcmd not in code.co_consts:
        yield "its command is an expression"
    if rule.run_func.__globals__.get("shell") is not shell:
        yield "its Snakefile has a shell() of its own"
    for _, field, spec, _ in string.Formatter().parse(rule.shellcmd):
        if field is not None and re.split(r"[.\[]", field)[0] not in FIELDS:
            yield f"its command uses {{{field}}}"
        if "{" in (spec or ""):
            yield "its command has a field within a field"


def of_params(job: Any, _: Any) -> Iterator[str]:
    """Params that are computed from what may differ on the node."""
    for item in job.rule.params:
        function = getattr(item, "callable", None) or item
        if callable(function):
            yield from (f"a function of its params looks at {word}" for word in node_words(function, frozenset()))


def node_words(function: Any, seen: frozenset[Any]) -> list[str]:
    """The NODE_WORDS in a function and in the functions of the same Snakefile that it calls."""
    if not isinstance(function, FunctionType):
        return [f"what a {type(function).__name__} returns"]
    words = set(words_of(function.__code__))
    called = {value for word in words if isinstance(value := function.__globals__.get(word), FunctionType)}
    own = {other for other in called if other.__globals__ is function.__globals__} - seen
    return sorted(words & NODE_WORDS) + [word for other in own for word in node_words(other, seen | own)]


def words_of(code: CodeType) -> Iterator[str]:
    """Names and texts in a function's code, nested functions included."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from words_of(constant)
        elif isinstance(constant, str):
            yield constant
