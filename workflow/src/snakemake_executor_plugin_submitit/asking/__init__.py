"""What a rule asks for, as options of sbatch."""
