"""What the benchmarks of training share: one piece of work, given to the yardstick and to datavolume in turn."""
