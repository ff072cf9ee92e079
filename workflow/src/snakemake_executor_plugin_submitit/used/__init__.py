"""What jobs asked for, and what they used."""
