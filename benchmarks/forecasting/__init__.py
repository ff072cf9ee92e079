"""What `benchmarks/forecast.py` is made of: real curves and their split, other methods, calibration."""
