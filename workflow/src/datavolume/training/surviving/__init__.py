"""What outlives a process: checkpoints, which copy of a run may write, how a job is asked to stop."""
