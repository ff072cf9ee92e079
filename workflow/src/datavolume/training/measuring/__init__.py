"""What is known of a run: metrics, clocks, what it used, what a person sees, and the files that tell of it."""
