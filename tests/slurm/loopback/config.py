"""The text of slurm.conf, gres.conf, slurmdbd.conf and cgroup.conf, from one `Site`.

The values that look odd were measured: short credentials, for one, make a requeued job start after seconds instead
of minutes.
"""

import grp
import os
import pwd
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .errors import LoopbackError
from .install import find_program
from .network import communication_parameters, host_name

__all__ = ["CPUS", "GPUS", "Kind", "Site", "account_name", "user_name", "write_configuration"]

CPUS = 64
GPUS = 8
account_name = "loopback"

SLURM_CONF = """\
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={run}/munge.socket,cred_expire=5
{communication}StateSaveLocation={run}/state
SlurmdSpoolDir={run}/%n
SlurmctldPidFile={run}/slurmctld.pid
SlurmdPidFile={run}/%n.pid
MailProg=/bin/true
FirstJobId={first_job}

# No cgroups, no privileges: processes are followed through /proc.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SwitchType=switch/none
PropagateResourceLimits=NONE

SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=1000
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmctldParameters=preempt_send_user_signal
JobRequeue={requeue}
KillWait=5
MinJobAge=300
MaxArraySize={max_array_size}
SlurmdTimeout=10
ReturnToService=1
SlurmdParameters=config_overrides
GresTypes=gpu

{accounting}
{nodes}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
PartitionName=low Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=1 PreemptMode=REQUEUE GraceTime=30
"""

ACCOUNTING = """\
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={port}
AccountingStoragePass={run}/munge.socket
AccountingStorageTRES=gres/gpu
{limits}"""

# As most sites have it: who has no association, or is past a limit, is refused.
LIMITS = "AccountingStorageEnforce=associations,limits,qos,safe\n"

NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} Boards=1 SocketsPerBoard=1"
    " CoresPerSocket={cpus} ThreadsPerCore=1 RealMemory=512000 Gres=gpu:h200:{gpus} State=UNKNOWN"
)

# No File= on a real device: each is a link to /dev/null, enough for CUDA_VISIBLE_DEVICES to be set.
GRES_CONF = "Name=gpu Type=h200 File={run}/nvidia[0-{last}] Flags=nvidia_gpu_env\n"

SLURMDBD_CONF = """\
AuthType=auth/munge
AuthInfo={run}/munge.socket
DbdHost=localhost
DbdAddr=127.0.0.1
{communication}DbdPort={port}
SlurmUser={user}
PidFile={run}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser={user}
StorageLoc=slurm
"""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a person chooses; a site that has `limits` enforces those of `sacctmgr`, so it has accounting."""

    node_count: int = 4
    accounting: bool = True
    limits: bool = False
    requeue: bool = True
    max_array_size: int = 1001


@dataclass(frozen=True, kw_only=True)
class Site(Kind):
    """What the configuration is made from; ports are slurmctld's, slurmdbd's and one for each node."""

    run: Path
    ports: tuple[int, ...]

    @property
    def slurm_conf(self) -> Path:
        """The file that SLURM_CONF names."""
        return self.run / "slurm.conf"

    @property
    def node_names(self) -> list[str]:
        """n1, n2, ..."""
        return [f"n{number}" for number in range(1, self.node_count + 1)]


def write_configuration(site: Site) -> None:
    """Write every configuration file and the fake devices into `site.run`."""
    for index in range(GPUS):
        (site.run / f"nvidia{index}").symlink_to("/dev/null")
    site.slurm_conf.write_text(slurm_conf(site))
    (site.run / "cgroup.conf").write_text(cgroup_conf(slurm_version()))
    (site.run / "gres.conf").write_text(GRES_CONF.format(run=site.run, last=GPUS - 1))
    if site.accounting:
        private = site.run / "slurmdbd.conf"  # slurmdbd refuses one that others can read
        private.touch(mode=0o600)
        private.write_text(SLURMDBD_CONF.format(user=user_name(), **common_values(site)))


def common_values(site: Site) -> dict[str, object]:
    """What slurm.conf and slurmdbd.conf must agree on."""
    parameters = ",".join(communication_parameters())
    return {
        "run": site.run,
        "communication": f"CommunicationParameters={parameters}\n" if parameters else "",
        "port": site.ports[1],
    }


def slurm_conf(site: Site) -> str:
    """The text of slurm.conf."""
    values = common_values(site)
    return SLURM_CONF.format(
        host=host_name(),
        user=user_name(),
        control_port=site.ports[0],
        first_job=first_job_id(),
        accounting=ACCOUNTING.format(limits=LIMITS if site.limits else "", **values) if site.accounting else "",
        requeue=int(site.requeue),
        max_array_size=site.max_array_size,
        nodes="\n".join(map(node_line, site.node_names, site.ports[2:])),
        **values,
    )


def cgroup_conf(version: tuple[int, ...]) -> str:
    """The text of cgroup.conf: where left to itself, slurmd ends when it may not write to cgroups.

    Before 23.11 the plugin for version 1 is the one that touches nothing until something asks for it.
    """
    return f"CgroupPlugin={'disabled' if version >= (23, 11) else 'cgroup/v1'}\n"


def slurm_version() -> tuple[int, ...]:
    """Year and month of the installed release."""
    answer = subprocess.run([str(find_program("slurmd")), "-V"], stdout=subprocess.PIPE, text=True, check=False).stdout
    found = re.search(r"(\d+)\.(\d+)", answer)
    if not found:
        raise LoopbackError(f"slurmd -V tells no version but {answer.strip()!r}")
    return int(found[1]), int(found[2])


def node_line(name: str, port: int) -> str:
    """The line of one node."""
    return NODE.format(name=name, host=host_name(), port=port, cpus=CPUS, gpus=GPUS)


def user_name() -> str:
    """The name of the user that runs the daemons and the jobs."""
    try:
        grp.getgrgid(os.getegid())
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise LoopbackError(f"user id {os.geteuid()} has no name on this machine, and Slurm needs one") from None


def first_job_id() -> int:
    """A number from the clock, so that a new cluster's jobs do not meet the result files of the last one's."""
    return int(time.time() * 50) % 60_000_000 + 1
