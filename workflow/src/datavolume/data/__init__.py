"""Datasets, their index, and the subsets that runs train on.

datasets  which datasets there are, by name; folder, arrays, published, npz: how each kind is opened; fetch: downloads
build     a dataset prepared once: stores (which of three), images (one file), writing (all), prepared (the report)
index     the prepared dataset, as training jobs read it
subsets   which training samples a run sees: a sorted list of their ids
"""

from datavolume.data.datasets import can_be_fetched, check_dataset, check_source, file_datasets, listing

__all__ = ["can_be_fetched", "check_dataset", "check_source", "file_datasets", "listing"]
