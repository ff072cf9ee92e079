"""What would wait for ever, what a person should look at, and which refusals pass.

Words marked 22.05 are what Slurm 22.05.8 printed on this repository's loopback cluster, where accounts, QOS, partitions
and MaxJobCount were set so that each is met; the others are from the reports named beside them.
"""

import pytest

from snakemake_executor_plugin_submitit.slurm.reasons import hopeless, submission_problem, worth_a_warning

POLICY = (
    "Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"
)


@pytest.mark.parametrize(
    ("reason", "meaning"),
    [
        ("PartitionTimeLimit", "its runtime is longer than its partition allows: ask for less, or name another"),
        ("PartitionNodeLimit", "its partition has or allows fewer nodes"),
        ("DependencyNeverSatisfied", "a job that it must come after has failed"),
        (
            "QOSMaxWallDurationPerJobLimit",
            "more time (runtime) than its QOS allows one job: ask for less, or name another qos",
        ),
        ("QOSMaxGRESPerJob", "more GPUs or other gres than its QOS allows one job"),
        ("QOSMaxCpuPerJobLimit", "more CPUs (threads) than its QOS allows one job"),
        ("QOSMaxCpuPerNode", "more CPUs (threads) than its QOS allows one node"),
        ("QOSMaxCpuMinutesPerJobLimit", "more CPUs (threads) × runtime than its QOS allows one job"),
        ("QOSMaxNodePerJobLimit", "more nodes than its QOS allows one job"),
        ("QOSMaxMemoryPerJob", "more memory (mem_mb) than its QOS allows one job"),
        ("QOSMinCpuNotSatisfied", "less than its QOS demands"),
        (
            "Job's account not permitted to use this partition (lab allows other not loopback)",
            "name another slurm_account",
        ),
        ("Job's QOS not permitted to use this partition (labq allows other not normal)", "name another qos"),
    ],
)
def test_reasons_met_that_never_pass(reason, meaning):  # 22.05
    sentence = hopeless(reason)
    assert sentence.startswith(f"{reason} (")
    assert meaning in sentence
    assert worth_a_warning(reason) is None


@pytest.mark.parametrize(
    ("reason", "meaning"),
    [
        ("AccountNotAllowed", "slurm_account or slurm_partition"),
        ("AssocMaxGRESMinutesPerJob", "more GPUs or other gres × runtime than its account allows one job"),
        (
            "AssocMaxNodePerJobLimit",
            "more nodes than its account allows one job: ask for less, or name another slurm_acc",
        ),
        ("AssocMaxWallDurationPerJobLimit", "more time (runtime) than its account allows one job"),
        ("BadConstraints", "no node has what it asks for"),
        ("InvalidAccount", "no such account"),
        ("InvalidQOS", "no such QOS"),
        ("JobHoldMaxRequeue", "requeued it as often as it ever does"),
        ("MaxMemPerLimit", "more memory than a CPU or a node may give"),
        ("PartitionConfig", "more than its partition allows"),
        ("QOSMaxBillingPerJob", "more Billing than its QOS allows one job"),
        ("QOSMinGRES", "less than its QOS demands"),
        ("QOSNotAllowed", "name another qos"),
        ("ReservationDeleted", "its reservation is no more"),
        ("launch failed requeued held", "a node could not start it"),
    ],
)
def test_reasons_documented_that_never_pass(reason, meaning):  # Slurm's "Job Reason Codes"; the last, slurmctld's own
    assert meaning in hopeless(reason)


@pytest.mark.parametrize(
    ("reason", "meaning"),
    [
        ("JobHeldUser", "`scontrol release` lets it go"),
        ("JobHeldAdmin", "held by an administrator"),
        ("PartitionDown", "its partition starts no jobs now; nothing is lost"),
        ("ReqNodeNotAvail, UnavailableNodes:n[1-2]", "the nodes that it needs are down or drained"),
        ("QOSGrpCPUMinutesLimit", "has used up its hours"),
        ("AssocGrpGRESMinutes", "has used up its hours"),
        ("ReqNodeNotAvail, Reserved for maintenance", "it would not end before a maintenance"),
    ],
)
def test_reasons_that_pass_when_somebody_does_something(reason, meaning):  # 22.05, but for the last two
    sentence = worth_a_warning(reason)
    assert sentence.startswith(f"{reason} (")
    assert meaning in sentence
    assert hopeless(reason) is None


@pytest.mark.parametrize(
    "reason",
    [
        *("None", "Priority", "Resources", "BeginTime", "Dependency", "JobArrayTaskLimit", "Licenses", "Reservation"),
        *("QOSMaxJobsPerUserLimit", "QOSMaxGRESPerUser", "QOSMaxCpuPerUserLimit", "MaxCpuPerAccount"),
        *("QOSGrpGRES", "QOSGrpCPURunMinutesLimit", "AssocGrpGRESRunMinutes", "AssocMaxJobsLimit", "AssocGrpWallLimit"),
        *("ReqNodeNotAvail", "ReqNodeNotAvail, May be reserved for other job", "Cleaning", "Prolog", "Constraints"),
        "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions",
        "AReasonOfTheNextRelease",
        "",
    ],
)
def test_reasons_that_pass_by_themselves(reason):
    assert hopeless(reason) is None
    assert worth_a_warning(reason) is None


@pytest.mark.parametrize(
    "words",
    [
        f"sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: {POLICY}",  # 22.05
        f"sbatch: error: QOSGrpSubmitJobsLimit\nsbatch: error: {POLICY}",  # 22.05
        f"sbatch: error: AssocGrpSubmitJobsLimit\nsbatch: error: {POLICY}",  # 22.05
        f"MaxSubmitJobsPerAccount; {POLICY}",  # 22.05, as submission.one_line joins it
        f"sbatch: error: AssocMaxSubmitJobLimit\nsbatch: error: {POLICY}",  # 22.05, and rwth-i6/sisyphus #241
        f"sbatch: error: {POLICY}",  # releases that name no limit: mlr-org/batchtools #199, vatlab/sos #898
        "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying\n"
        "sbatch: error: Batch job submission failed: Resource temporarily unavailable",  # 22.05, MaxJobCount=4
    ],
)
def test_a_full_queue_is_a_limit(words):
    assert submission_problem(words) == "limit"


@pytest.mark.parametrize(
    "words",
    [
        "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)",  # 22.05
        "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation",  # snakemake #1789
        "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying\n"
        "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation",
        "sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received",
        "sbatch: error: Batch job submission failed: Resource temporarily unavailable",
        "sbatch: fatal: Could not establish a configuration source",  # 22.05 without slurm.conf
        "no answer within 30 s",  # our own
    ],
)
def test_a_slurm_that_does_not_answer_is_busy(words):
    assert submission_problem(words) == "busy"


@pytest.mark.parametrize(
    "words",
    [
        f"sbatch: error: QOSMaxWallDurationPerJobLimit\nsbatch: error: {POLICY}",  # 22.05, and BSC-ES/autosubmit #2854
        f"sbatch: error: QOSGrpGRES\nsbatch: error: {POLICY}",  # 22.05 with DenyOnLimit, and VUIIS/dax #504
        f"sbatch: error: QOSMinCpuNotSatisfied\nsbatch: error: {POLICY}",  # 22.05 with DenyOnLimit
        "sbatch: error: invalid partition specified: nope\n"
        "sbatch: error: Batch job submission failed: Invalid partition name specified",  # 22.05
        "sbatch: error: Batch job submission failed: Requested node configuration is not available",  # 22.05
        "sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified",
        "sbatch: error: Batch job submission failed: Invalid qos specification",  # 22.05
        "sbatch: error: Batch job submission failed: Required partition not available (inactive or drain)",  # 22.05
        "sbatch: error: Batch job submission failed: Invalid job array specification",  # 22.05, above MaxArraySize
        "sbatch: error: Invalid --time specification",  # 22.05
        "",
    ],
)
def test_all_else_is_refused(words):
    assert submission_problem(words) == "refused"
