"""The command `datavolume`: forecasts and comparisons of CSV files, for people who never run the workflow."""
