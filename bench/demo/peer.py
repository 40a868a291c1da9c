"""The flight-delay job in pandas, scikit-learn and LightGBM, one table in memory:

    peer.py FLIGHTS.parquet AIRPORTS.csv FOLDER

Cleans, derives the features (with both three-hour windows of what was known), stores them as Parquet, profiles them,
trains the three candidates, judges them, and saves the best. The last line on stdout is one JSON object.
"""
import time

clock = time.perf_counter()

import json
import sys
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, precision_recall_curve, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

MINUTE = 60_000_000
WINDOW = 3 * 60 * MINUTE
SMOOTHING = 20
FOLDS = 5
FEATURES = ["distance", "minuteOfDay", "weekday", "lateOut", "flightsOut", "lateIn", "flightsIn"]
KEYS = ["origin", "destination"]
PARTS = {
    "train": ("2001-01-01", "2001-05-01"),
    "validate": ("2001-05-01", "2001-06-01"),
    "test": ("2001-06-01", "2001-07-01"),
}

seconds: dict[str, float] = {}


def lap(step: str) -> None:
    global clock
    now = time.perf_counter()
    seconds[step] = round(now - clock, 3)
    clock = now


def micros(minutes: pd.Series) -> np.ndarray:
    """Minutes as whole microseconds, halves away from zero."""
    x = minutes.to_numpy(np.float64) * MINUTE
    return np.trunc(x + np.copysign(0.5, x)).astype(np.int64)


def clean(flights: pd.DataFrame, airports: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    rows = len(flights)
    flights = flights.drop_duplicates()
    rejected = {"duplicate": rows - len(flights)}
    for reason, bad in {
        "after the period": flights["date"] >= "2001-07-01",
        "impossible delay": flights["delay"] < -120,
        "no distance": flights["distance"] <= 0,
    }.items():
        rejected[reason] = int(bad.sum())
        if rejected[reason]:
            flights = flights[~bad.reindex(flights.index)]
    # few different airports: codes instead of text make every later lookup an array index
    flights = flights.astype({"origin": "category", "destination": "category"})
    longitude = flights["origin"].map(airports.set_index("iata")["longitude"]).astype("float64")
    if longitude.isna().any():
        flights, longitude = flights[longitude.notna()], longitude.dropna()
    at = flights["date"].to_numpy("datetime64[us]").astype(np.int64) - micros(longitude * 4)
    return flights.assign(longitude=longitude, at=at).reset_index(drop=True), rejected


def window(keys: pd.Series, known: np.ndarray, late: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share late and number of the flights of the same key with `at - 3 h <= known < at`."""
    codes = keys.cat.codes.to_numpy(np.int64)
    first = min(known.min(), at.min() - WINDOW)
    span = max(known.max(), at.max()) - first + 1
    # key and time in one integer, so that one sort and two searches answer all keys at once
    base = codes * span - first
    events = base + known
    order = np.argsort(events)
    events = events[order]
    total = np.concatenate([[0], np.cumsum(late[order], dtype=np.int64)])
    # searches whose needles ascend stay in the cache
    asked = base + at
    turn = np.argsort(asked)
    asked = asked[turn]
    high = np.searchsorted(events, asked)
    low = np.searchsorted(events, asked - WINDOW)
    count = np.empty(len(at), np.int64)
    mean = np.empty(len(at), np.float64)
    n = high - low
    with np.errstate(invalid="ignore"):
        mean[turn] = (total[high] - total[low]) / n
    count[turn] = n
    return mean, count


def derive(t: pd.DataFrame) -> pd.DataFrame:
    at = t["at"].to_numpy()
    late = t["delay"].to_numpy() > 15
    known = at + micros(t["distance"] / 7.5 + 90)
    late_out, flights_out = window(t["origin"], known, late, at)
    late_in, flights_in = window(t["destination"], known, late, at)
    date = t["date"].dt
    routes = t["origin"].astype(str) + "-" + t["destination"].astype(str)
    return t.assign(
        at=at.astype("datetime64[us]"),
        late=late,
        known=known.astype("datetime64[us]"),
        lateOut=late_out,
        flightsOut=flights_out,
        lateIn=late_in,
        flightsIn=flights_in,
        route=routes,
        month=date.month,
        weekday=date.day_of_week + 1,
        hour=date.hour,
        minuteOfDay=date.hour * 60 + date.minute,
    )


def check(t: pd.DataFrame) -> None:
    """What the recipe expects of its dataset."""
    assert (t["distance"] > 0).all()
    assert t["lateOut"].dropna().between(0, 1).all()
    assert t["delay"].between(-120, 2000).all()


def profile(t: pd.DataFrame) -> dict:
    """Statistics and distinct values of every column, correlations of the numeric ones."""
    numeric = t.select_dtypes(["number", "bool"])
    return {
        "describe": json.loads(t.describe(include="all").to_json()),
        "distinct": {name: int(t[name].nunique()) for name in t},
        "correlation": json.loads(numeric.astype("float64").corr().to_json()),
    }


def encode(t: pd.DataFrame, y: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Rates of the target by key; training rows without their own fold. Equal moments share a fold."""
    moment = t["at"].to_numpy().astype(np.int64)
    fold = pd.util.hash_array(moment).astype(np.int64) % FOLDS
    prior = y[train].mean()
    columns = []
    for key in KEYS:
        codes = t[key].cat.codes.to_numpy(np.int64)
        size = len(t[key].cat.categories)
        cell = codes[train] * FOLDS + fold[train]
        hits = np.bincount(cell, y[train], size * FOLDS).reshape(size, FOLDS)
        rows = np.bincount(cell, minlength=size * FOLDS).reshape(size, FOLDS)
        all_hits, all_rows = hits.sum(1), rows.sum(1)
        served = (all_hits + SMOOTHING * prior) / (all_rows + SMOOTHING)
        others = (all_hits[:, None] - hits + SMOOTHING * prior) / (all_rows[:, None] - rows + SMOOTHING)
        columns.append(np.where(train, others[codes, fold], served[codes]))
    return np.column_stack(columns)


class Baseline:
    """The rate of the target in 64 quantile bins of one column."""

    def __init__(self, column: int) -> None:
        self.column = column

    def fit(self, x: np.ndarray, y: np.ndarray) -> "Baseline":
        self.edges = np.unique(np.quantile(x[:, self.column], np.linspace(0, 1, 65)[1:-1]))
        cell = np.searchsorted(self.edges, x[:, self.column])
        size = len(self.edges) + 1
        hits, rows = np.bincount(cell, y, size), np.bincount(cell, minlength=size)
        self.rates = (hits + SMOOTHING * y.mean()) / (rows + SMOOTHING)
        return self

    def scores(self, x: np.ndarray) -> np.ndarray:
        return self.rates[np.searchsorted(self.edges, x[:, self.column])]


class Logistic:
    def fit(self, x: np.ndarray, y: np.ndarray) -> "Logistic":
        # Newton steps on the small Gram matrix: the fastest solver where rows are many and columns few
        self.model = make_pipeline(
            SimpleImputer(add_indicator=True), StandardScaler(), LogisticRegression(C=1.0, solver="newton-cholesky")
        ).fit(x, y)
        return self

    def scores(self, x: np.ndarray) -> np.ndarray:
        return self.model.predict_proba(x)[:, 1]


class Trees:
    PARAMS = {
        "objective": "binary",
        "num_leaves": 31,
        "learning_rate": 0.1,
        "min_data_in_leaf": 20,
        "max_bin": 255,
        "num_threads": 0,
        "verbosity": -1,
    }

    def fit(self, x: np.ndarray, y: np.ndarray) -> "Trees":
        self.model = lgb.train(self.PARAMS, lgb.Dataset(x, y), num_boost_round=100)
        return self

    def scores(self, x: np.ndarray) -> np.ndarray:
        return self.model.predict(x)


def evaluate(y: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    return {
        "auc": float(roc_auc_score(y, scores)),
        "logLoss": float(log_loss(y, scores)),
        "averagePrecision": float(average_precision_score(y, scores)),
        "brier": float(brier_score_loss(y, scores)),
    }


def best_f1(y: np.ndarray, scores: np.ndarray) -> float:
    precision, recall, thresholds = precision_recall_curve(y, scores)
    return float(thresholds[np.argmax(precision * recall / np.maximum(precision + recall, 1e-12))])


def main(flights_file: str, airports_file: str, folder: Path) -> None:
    lap("import")
    airports = pd.read_csv(airports_file, usecols=["iata", "longitude"])
    flights = pd.read_parquet(flights_file)
    lap("read")
    table, rejected = clean(flights, airports)
    del flights
    lap("clean")
    table = derive(table)
    check(table)
    table.to_parquet(folder / "features.parquet", index=False)
    lap("features")
    (folder / "profile.json").write_text(json.dumps(profile(table)))
    lap("profile")

    parts = {name: ((table["date"] >= a) & (table["date"] < b)).to_numpy() for name, (a, b) in PARTS.items()}
    y = table["late"].to_numpy().astype(np.float64)
    x = np.column_stack([table[FEATURES].to_numpy(np.float64), encode(table, y, parts["train"])])
    xs = {name: x[part] for name, part in parts.items()}
    ys = {name: y[part] for name, part in parts.items()}
    rows = len(table)
    del table, x, y
    lap("encode")
    found = {}
    for name, model in {"baseline": Baseline(len(FEATURES)), "logistic": Logistic(), "gbdt": Trees()}.items():
        model.fit(xs["train"], ys["train"])
        scores = {part: model.scores(xs[part]) for part in ("validate", "test")}
        found[name] = {
            "model": model,
            "threshold": best_f1(ys["validate"], scores["validate"]),
            **{part: evaluate(ys[part], scores[part]) for part in scores},
        }
        lap(name)
    best = max(found, key=lambda name: found[name]["validate"]["auc"])
    assert found[best]["validate"]["auc"] > found["baseline"]["validate"]["auc"] + 0.02
    pd.to_pickle(found[best], folder / "model.pickle")
    lap("save")
    candidates = {name: {part: f[part] for part in ("validate", "test")} for name, f in found.items()}
    print(json.dumps({"rows": rows, "rejected": rejected, "steps": seconds, "best": best, "candidates": candidates}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
