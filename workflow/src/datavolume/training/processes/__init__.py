"""Several processes: of one run on one node or more, and of several runs side by side."""
