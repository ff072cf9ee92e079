"""Slurm as a cluster: arrays, a ledger that outlives this head, and jobs sent again when Slurm has lost them.

Every job in charge is `Tracked` by its key. It waits in the outbox, is under way under a Slurm id, or has ended.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path

from ..files import Ending, JobFiles
from ..ledger import Entry, Ledger
from ..node.payload import Payload
from ..requests import Counts, Report, Request
from ..submission import submit
from .aside import Aside
from .commands import Commands
from .company import Company
from .nodes import NodeBlame
from .outbox import Outbox
from .queue import Queue
from .reattach import Reattach
from .status import Watcher
from .tracked import Tracked, keys_of

__all__ = ["SlurmCluster"]


class SlurmCluster:
    """Slurm through sbatch, sacct, squeue, scontrol and scancel, each for all jobs at once.

    `folder` is where this call's jobs leave their files; `warn` and `say` tell a person a line.
    """

    def __init__(
        self,
        folder: Path,
        ledger: Ledger,
        commands: Commands,
        watcher: Watcher,
        reattach: Reattach,
        parallelism: int,
        warn: Callable[[str], None],
        say: Callable[[str], None],
        background: Executor | None = None,
    ) -> None:
        self.folder, self.ledger, self.commands, self.watcher = folder, ledger, commands, watcher
        self.reattach, self.parallelism, self.warn, self.say = reattach, parallelism, warn, say
        self.jobs: dict[str, Tracked] = {}
        self.failed: dict[str, Ending] = {}  # refused, to be told at the next look
        self.outbox = Outbox(self.send, lambda: commands.limits().max_array_size, warn)
        self.queue = Queue(commands, warn)
        self.nodes, self.company = NodeBlame(), Company(ledger)
        self.requeued = 0
        self.lock = threading.RLock()
        self.background = background or Aside()
        self.flushing: Future[None] | None = None

    # Taking jobs in charge

    def submit(self, requests: Sequence[Request]) -> None:
        with self.lock:
            self.company.retried(keys_of(requests))
            self.jobs |= {request.key: Tracked(request) for request in requests}
            self.outbox.add(self.not_found(requests))
        self.flush()

    def not_found(self, requests: Sequence[Request]) -> list[Request]:
        """Those of the requests that must be submitted; jobs that are under way already are followed."""
        entries = self.ledger.find(keys_of(requests))
        return [request for request in requests if not self.follow(request, entries.get(request.key))]

    def follow(self, request: Request, entry: Entry | None) -> bool:
        """Follow a job that the ledger knows; False where it must be submitted."""
        if entry is None:
            return False
        decision = self.reattach.decide(request, entry)
        job = self.jobs[request.key]
        if decision == "follow" and entry.job_id:
            job.token, job.resubmissions = entry.token, entry.resubmissions
            job.tries.append((entry.submitted, JobFiles(entry.folder, entry.job_id)))
            self.watcher.submitted()
            self.say(f"Found {request.label} as {entry.job_id}, log: {request.payload.log}")
            return True
        if decision == "replace" and entry.job_id:
            self.commands.cancel([entry.job_id])
            job.after = entry.job_id
        if decision != "wait":
            self.ledger.release(entry.token, [request.key])
        return False

    def send(self, group: Sequence[Request]) -> set[str]:
        """One sbatch: claim, submit, record. Returns the keys of jobs that another head is submitting just now."""
        jobs = [self.jobs[key] for key in keys_of(group) if key in self.jobs]
        token, mine = self.ledger.claim(self.folder, [job.claim() for job in jobs])
        own = [request for request in group if request.key in mine]
        if own:
            self.send_own(own, token)
        others = [request for request in group if request.key not in mine and request.key in self.jobs]
        return set(keys_of(self.not_found(others)))

    def send_own(self, group: Sequence[Request], token: str) -> None:
        """Submit jobs that this head has claimed; raises SubmissionError, and then claims nothing."""

        def payload(request: Request) -> Payload:
            return self.jobs[request.key].payload(self.folder, self.ledger, token)

        try:
            sent = submit(group, payload, "slurm", self.folder, self.parallelism, **self.more(group, token))
        except BaseException as problem:
            self.ledger.release(token, keys_of(group))
            if getattr(problem, "problem", "busy") == "busy":
                self.commands.cancel_lost({token})
            raise
        ids = {request.key: job.job_id for request, job in zip(group, sent, strict=True)}
        self.ledger.record(token, ids)
        with self.lock:
            for request in group:
                self.sent(request, token, ids[request.key])
            unwanted = [key for key in ids if key not in self.jobs]  # cancelled meanwhile
        if unwanted:
            self.commands.cancel(ids[key] for key in unwanted)
            self.ledger.release(token, unwanted)
        self.watcher.submitted()

    def sent(self, request: Request, token: str, job_id: str) -> None:
        """Note that a job is under way."""
        job = self.jobs.get(request.key)
        if job:
            job.sent(token, JobFiles(self.folder, job_id))
            self.say(f"Submitted {request.label} as {job_id}, log: {request.payload.log}")

    def more(self, group: Sequence[Request], token: str) -> dict[str, str]:
        """submitit's parameters beside those that were asked for."""
        after = {self.jobs[key].after for key in keys_of(group)} - {""}
        excluded = {*self.nodes.excluded, *filter(None, group[0].parameters.get("slurm_exclude", "").split(","))}
        more = {"slurm_comment": f"submitit:{token}"}
        more |= {"slurm_dependency": f"afterany:{':'.join(sorted(after))}"} if after else {}
        return more | ({"slurm_exclude": ",".join(sorted(excluded))} if excluded else {})

    def flush(self) -> None:
        """Send what may go now; what Slurm refuses for good has ended."""
        refused = self.outbox.flush()
        with self.lock:
            self.failed |= {key: Ending(False, f"not submitted: {reason}") for key, reason in refused.items()}

    def flush_aside(self) -> None:
        """The same, while looks at the jobs go on: an sbatch may hang for minutes."""
        if len(self.outbox) and (self.flushing is None or self.flushing.done()):
            self.flushing = self.background.submit(self.flush)

    # How they are doing

    def name_of(self, key: str) -> str:
        job = self.jobs.get(key)
        return job.files.job_id if job and job.tries else ""

    def under_way(self) -> dict[str, Tracked]:
        """The jobs that Slurm has, by their ids."""
        return {job.files.job_id: job for job in list(self.jobs.values()) if job.token}

    def ended(self) -> dict[str, Report]:
        self.flush_aside()
        self.company.present()
        with self.lock:
            jobs = self.under_way()
            endings = self.watcher.endings({job_id: job.files for job_id, job in jobs.items()})
            endings |= self.queue.stuck({job_id for job_id in jobs if job_id not in endings}, self.watcher)
            told = {key: ending for key, ending in self.failed.items() if key in self.jobs}
            self.failed.clear()
            told |= {jobs[job_id].request.key: ending for job_id, ending in endings.items()}
            over = {key: self.final(key, ending) for key, ending in told.items() if not self.sent_again(key, ending)}
            return {key: self.close(key, ending) for key, ending in over.items()}

    def sent_again(self, key: str, ending: Ending) -> bool:
        """Put a job that Slurm lost back into the outbox, unless that was done too often."""
        job = self.jobs[key]
        if not ending.again:
            return False
        restarts = job.resubmissions + job.restarts()
        if restarts >= job.request.payload.requeues:
            return False
        self.blame(key, ending)
        self.warn(f"{job.request.label}, job {job.files.job_id}, {ending.reason}; it is sent again")
        self.ledger.release(job.token, [key])
        job.token, job.resubmissions = "", restarts + 1
        self.requeued += job.restarts() + 1
        self.outbox.add(self.not_found([job.request]))
        return True

    def final(self, key: str, ending: Ending) -> Ending:
        """The ending, with the reason why a job that might have been sent again was not."""
        allowed = self.jobs[key].request.payload.requeues
        words = f"; requeued {allowed} times already: raise --submitit-requeues or its resource requeues"
        return replace(ending, reason=ending.reason + words) if ending.again else ending

    def close(self, key: str, ending: Ending) -> Report:
        """Forget a job that has ended."""
        self.blame(key, ending)
        job = self.jobs.pop(key)
        self.requeued += job.restarts()
        self.outbox.drop([key])
        self.outbox.room()
        if job.token:
            self.company.forget(job.token, key)
        return Report(ending, job.files.job_id if job.tries else "", job.submissions())

    def blame(self, key: str, ending: Ending) -> None:
        """Learn which nodes fail jobs, and keep what waits off those that did."""
        job = self.jobs[key]
        if not job.tries:
            return
        before = self.nodes.excluded
        request = job.request
        self.nodes.observe(key, job.files.attempts(), ending.state, ending.ok, label=request.label, asked=request.asked)
        if self.nodes.excluded != before:
            self.exclude()

    def exclude(self) -> None:
        """Keep what waits in the queue off the guilty nodes, beside those that its rule excludes."""
        wishes: dict[str, list[str]] = {}
        for job_id, job in self.under_way().items():
            wishes.setdefault(job.request.parameters.get("slurm_exclude", ""), []).append(job_id)
        for wish, ids in wishes.items():
            self.commands.exclude(ids, {*self.nodes.excluded, *filter(None, wish.split(","))})

    def counts(self) -> Counts:
        jobs = self.under_way()
        running = self.watcher.running({job_id: job.files for job_id, job in jobs.items()})
        return Counts(len(self.outbox), len(jobs) - running, running, self.requeued + self.ledger.restarts())

    def cancel(self) -> None:
        with self.lock:
            jobs, self.jobs = self.under_way(), {}
            self.outbox.drop(list(self.outbox.waiting))
        words = self.commands.cancel(jobs)
        if words:
            numbers = " ".join(dict.fromkeys(job_id.partition("_")[0] for job_id in jobs))
            self.warn(f"scancel failed ({words}). This ends the jobs later: scancel {numbers}")
            return
        for job in jobs.values():
            self.ledger.release(job.token, [job.request.key])

    def leave(self) -> int:
        return len(self.under_way())

    def farewell(self) -> list[str]:
        self.company.leave()
        return self.nodes.summary()
