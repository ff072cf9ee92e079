"""What runs in a job, on its node; the head reads what it notes."""
