"""Images of a subset to batches, each the same for any number of threads and processes."""
