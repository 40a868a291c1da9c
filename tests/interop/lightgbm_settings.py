"""What makes LightGBM comparable: one order of sums, and bins as fine as Galley's."""

SETTINGS = {
    "verbosity": -1,
    "num_threads": 2,
    "deterministic": True,
    "force_row_wise": True,
    "max_bin": 255,
    "min_data_in_bin": 1,
    "feature_pre_filter": False,
}
