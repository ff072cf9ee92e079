"""What one update does: gradients over shards, the optimiser, its schedule, the tier, averaged weights."""
