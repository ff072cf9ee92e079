"""Datasets, their index, and the subsets that runs train on.

datasets  which datasets there are, by name
index     one dataset written once: images.npy, index.parquet, classes.json
subsets   which training samples a run sees: a sorted list of their ids
"""

from datavolume.data.datasets import check_dataset, check_source

__all__ = ["check_dataset", "check_source"]
