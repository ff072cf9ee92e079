"""What Slurm's words mean: why a job waits, and what became of a submission.

    hopeless("PartitionTimeLimit")     # "PartitionTimeLimit (its runtime is longer than …)"; None for `Priority`
    worth_a_warning("JobHeldUser")     # "JobHeldUser (held by a person: …)"
    submission_problem("sbatch: error: AssocMaxSubmitJobLimit …")    # "limit", "busy" or "refused"

The reasons are those of Slurm's "Job Reason Codes", and the sentences that squeue prints in their place.
"""

import re
from collections.abc import Iterable
from typing import Literal

__all__ = ["Problem", "hopeless", "submission_problem", "worth_a_warning"]

Problem = Literal["limit", "busy", "refused"]

ASK_LESS = "ask for less, or name another"
# A reason, as a pattern for the whole of it → what it means and what to change.
HOPELESS = (
    ("PartitionTimeLimit", f"its runtime is longer than its partition allows: {ASK_LESS} slurm_partition"),
    ("PartitionNodeLimit", f"its partition has or allows fewer nodes: {ASK_LESS} slurm_partition"),
    ("PartitionConfig", f"it asks for more than its partition allows: {ASK_LESS} slurm_partition"),
    ("InvalidAccount", "there is no such account, or it is not yours: name another slurm_account"),
    ("InvalidQOS", "there is no such QOS, or it is not yours: name another qos"),
    (
        "AccountNotAllowed|Job's account not permitted .*",
        "its account may not use its partition: name another slurm_account or slurm_partition",
    ),
    (
        "QOSNotAllowed|Job's QOS not permitted .*",
        "its QOS may not be used with its partition or account: name another qos or slurm_partition",
    ),
    (
        "BadConstraints",
        "no node has what it asks for: see its constraint, gpu_model, gres, gpu, threads, mem_mb and exclude",
    ),
    ("DependencyNeverSatisfied", "a job that it must come after has failed: see --dependency in its slurm_extra"),
    ("ReservationDeleted", "its reservation is no more: see --reservation in its slurm_extra"),
    ("DeadLine", "it cannot end before its deadline: see --deadline in its slurm_extra"),
    ("MaxMemPerLimit", f"it asks for more memory than a CPU or a node may give: {ASK_LESS} slurm_partition"),
    ("QOSMin.*", "it asks for less than its QOS demands: ask for more, or name another qos"),
    ("JobHoldMaxRequeue", "Slurm has requeued it as often as it ever does"),
    (r"launch[ _]failed[ _]requeued[ _]held", "a node could not start it, and Slurm now holds it"),
)
LOOK = "; nothing is lost, it waits"
WORTH_A_WARNING = (
    ("JobHeldUser", "held by a person: `scontrol release` lets it go"),
    ("JobHeldAdmin", "held by an administrator, or by Slurm: ask them"),
    ("PartitionDown|PartitionInactive", f"its partition starts no jobs now{LOOK}"),
    ("NodeDown|ReqNodeNotAvail, UnavailableNodes:.+", f"the nodes that it needs are down or drained{LOOK}"),
    ("ReqNodeNotAvail, Reserved for maintenance", f"it would not end before a maintenance{LOOK}"),
    ("(Assoc|QOS)Grp(?!.*Run).*Minutes.*", f"its account or QOS has used up its hours{LOOK} for new ones"),
    ("QOSUsageThreshold|AssociationTimeLimit|QOSTimeLimit", f"its account or QOS has used up its share{LOOK}"),
    ("BurstBufferOperation", "its burst buffer has failed: ask an administrator"),
    ("AccountingPolicy", f"a limit of its account or QOS stops it{LOOK}"),
)
# QOSMaxGRESPerJob, AssocMaxWallDurationPerJobLimit, QOSMaxCpuMinutesPerJobLimit: more than one job, or one node of it,
# may ever have. Limits per user or account, in contrast, pass when other jobs end.
TOO_MUCH = re.compile(
    r"(?P<whose>QOS|Assoc)Max(?P<what>[A-Z][A-Za-z]*?)(?P<minutes>Minutes)?Per(?P<unit>Job|Node)(Limit)?"
)
WHAT = {
    "Cpu": "CPUs (threads)",
    "GRES": "GPUs or other gres",
    "Mem": "memory (mem_mb)",
    "Memory": "memory (mem_mb)",
    "Node": "nodes",
    "WallDuration": "time (runtime)",
}

# Answers that never came, so that the job may be in the queue all the same.
UNANSWERED = (
    "Unable to contact slurm controller",
    "timed out",
    "Zero Bytes were transmitted",
    "no answer within",
    "Message receive failure",
    "Message send failure",
    "Communication connection failure",
    "Communication shutdown failure",
    "Unexpected message received",
    "Connection reset",
    "Connection refused",
    "Broken pipe",
)
# Not accepted now, for a reason that passes by itself.
BUSY = (
    "Resource temporarily unavailable",
    "Unable to create job record, try again",
    "Job creation temporarily disabled",
    "in standby mode",
    "System submissions disabled",
    "Could not establish a configuration source",  # sbatch asks slurmctld for it where there is no slurm.conf
    "Munge encode failed",
    "Failed to connect to authentication agent",
)
FULL = ("temporarily unable to accept job", "job queue full")  # MaxJobCount; sbatch itself has tried for two minutes
POLICY = "violates accounting/QOS policy"
LIMITS = re.compile(r"\b(?:QOS|Assoc|Max)[A-Z]\w+")  # sbatch prints which one on a line of its own


def hopeless(reason: str) -> str | None:
    """Why Slurm would let a job wait for ever, with its own word and what to change; None when it may still start."""
    meaning = meaning_of(reason, HOPELESS) or too_much(reason)
    return f"{reason} ({meaning})" if meaning else None


def worth_a_warning(reason: str) -> str | None:
    """Why a job waits until a person does something, with Slurm's own word; None for what passes by itself."""
    meaning = meaning_of(reason, WORTH_A_WARNING)
    return f"{reason} ({meaning})" if meaning else None


def meaning_of(reason: str, table: Iterable[tuple[str, str]]) -> str | None:
    """What the first row says whose pattern is the whole reason."""
    return next((meaning for pattern, meaning in table if re.fullmatch(pattern, reason.strip())), None)


def too_much(reason: str) -> str | None:
    """What a limit on one job means; None for another reason."""
    limit = TOO_MUCH.fullmatch(reason.strip())
    if not limit:
        return None
    what = WHAT.get(limit["what"], limit["what"]) + (" × runtime" if limit["minutes"] else "")
    whose, resource = ("QOS", "qos") if limit["whose"] == "QOS" else ("account", "slurm_account")
    return f"it asks for more {what} than its {whose} allows one {limit['unit'].lower()}: {ASK_LESS} {resource}"


def submission_problem(words: str) -> Problem:
    """What sbatch's error words mean for a submission.

    `limit`: the queue is full for this user, account or site; a smaller array, or a later one, may be accepted.
    `busy`: Slurm did not answer, and may have accepted the job; try again. `refused`: it never will.
    The words on "job submit limit, user's size and/or time limits" stand for both a limit and a refusal: the line
    before tells which limit. Releases that print none leave it open, and that is taken as a limit.
    """
    if any(word in words for word in UNANSWERED):
        return "busy"
    names = LIMITS.findall(words)
    if any("Submit" in name for name in names) or any(word in words for word in FULL):
        return "limit"
    if POLICY in words:
        return "refused" if names else "limit"
    return "busy" if any(word in words for word in BUSY) else "refused"
