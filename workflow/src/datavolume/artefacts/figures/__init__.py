"""Figures: each function takes Results and draws; what it shows was computed in `analysis`."""
