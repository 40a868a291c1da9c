"""Columns as arrays."""

import numpy as np


def arr(columns, *names):
    """Rows of which nothing is missing."""
    all_ = np.array([[np.nan if v is None else float(v) for v in columns[n]] for n in names])
    kept = all_[:, ~np.isnan(all_).any(axis=0)]
    return kept[0] if len(names) == 1 else kept


def both(columns, a, b):
    x, y = arr(columns, a, b)
    return x, y


def by(columns, value, by_, group):
    return np.array([float(v) for v, g in zip(columns[value], columns[by_]) if g == group and v is not None])
