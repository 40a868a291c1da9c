"""Columns that the cases look at: made here, or public-domain data that statsmodels brings."""

import numpy as np
import statsmodels.api as sm


ROSNER = [
    -0.25, 0.68, 0.94, 1.15, 1.20, 1.26, 1.26, 1.34, 1.38, 1.43, 1.49, 1.49, 1.55, 1.56, 1.58, 1.65, 1.69, 1.70, 1.76, 1.77, 1.81, 1.91, 1.94, 1.96, 1.99, 2.06, 2.09,
    2.10, 2.14, 2.15, 2.23, 2.24, 2.26, 2.35, 2.37, 2.40, 2.47, 2.54, 2.62, 2.64, 2.90, 2.92, 2.92, 2.93, 3.21, 3.26, 3.30, 3.59, 3.68, 4.30, 4.64, 5.34, 5.42, 6.01,
]


def rounded(x, digits=3):
    return [None if v is None or np.isnan(v) else round(float(v), digits) for v in x]


def columns():
    r = np.random.default_rng(20260101)
    n = 90
    plan = [["free", "pro", "team"][i % 3] for i in range(n)]
    price = rounded(r.normal(10, 2, n) + np.array([{"free": 0, "pro": 1.2, "team": 0.3}[p] for p in plan]) + r.exponential(1, n))
    later = rounded(np.array(price) + r.normal(0.4, 1.5, n))
    stars = [int(v) for v in np.clip(np.round(r.normal(3.4, 1.1, n) + np.array([{"free": 0, "pro": 0.6, "team": 0}[p] for p in plan])), 1, 5)]
    holes = [None if i % 11 == 5 else p for i, p in enumerate(price)]
    city = [["Seoul", "Busan", "Jeju", "Daegu"][int(v)] for v in r.integers(0, 4, n)]
    bought = [bool(v) for v in r.random(n) < np.array([{"free": 0.3, "pro": 0.6, "team": 0.5}[p] for p in plan])]
    again = [bool(v) for v in np.array(bought) ^ (r.random(n) < np.where(bought, 0.15, 0.45))]
    shop = {"plan": plan, "price": price, "later": later, "stars": stars, "holes": holes, "city": city, "bought": bought, "again": again}
    small = {
        "plan": ["a"] * 7 + ["b"] * 9,
        "x": [2.1, 3.4, 1.9, 5.6, 4.4, 0.3, 2.2, 6.1, 5.9, 7.7, 3.9, 8.2, 4.1, 6.6, 9.1, 5.2],
        "y": [2.9, 3.17, 2.42, 7.03, 4.81, 0.11, 2.06, 6.44, 7.71, 7.95, 3.11, 9.93, 4.48, 6.02, 9.94, 6.35],
        "won": [True, True, False, True, True, True, False, False, False, True, False, False, False, False, True, False],
    }
    nile = sm.datasets.nile.load_pandas().data
    co2 = sm.datasets.co2.load_pandas().data["co2"].resample("MS").mean().interpolate()[-240:]
    sunspots = sm.datasets.sunspots.load_pandas().data
    spector = sm.datasets.spector.load_pandas().data
    stackloss = sm.datasets.stackloss.load_pandas().data
    return {
        "shop": shop,
        "small": small,
        "nile": {"year": [int(v) for v in nile["year"]], "volume": rounded(nile["volume"])},
        "co2": {"month": list(range(240)), "co2": rounded(co2.to_numpy())},
        "sunspots": {"year": [int(v) for v in sunspots["YEAR"]], "spots": rounded(sunspots["SUNACTIVITY"])},
        # Rosner's own example (1983), as NIST's handbook has it: three outliers
        "rosner": {"x": ROSNER},
        "spector": {k: rounded(spector[k]) for k in ["GPA", "TUCE", "PSI", "GRADE"]},
        "stackloss": {k: rounded(stackloss[k]) for k in ["STACKLOSS", "AIRFLOW", "WATERTEMP", "ACIDCONC"]},
    }
