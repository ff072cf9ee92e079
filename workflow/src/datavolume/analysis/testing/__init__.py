"""Statistical tests and intervals over the runs of a study: frames in, frames out."""
