"""Public tables as numbers:  tables.py VEGA FOLDER NAME

Writes FOLDER/NAME.bin (float64: features column after column, then the target; texts are codes) and prints what it is as JSON. Rows are shuffled by a
fixed seed; the last three tenths are for testing.
"""
import json
import sys

import numpy as np
import pandas as pd
import sklearn.datasets
import statsmodels.api as sm

vega, folder, name = sys.argv[1:4]


def scikit(load):
    data = load(as_frame=True)
    return data.frame.drop(columns=["target"]), data.frame["target"]


def stats(module, target, change=lambda y: y, drop=()):
    frame = module.load_pandas().data
    return frame.drop(columns=[target, *drop]), change(frame[target])


def from_vega(file, target, drop=(), change=lambda y: y, rows=None):
    path = f"{vega}/{file}"
    frame = pd.read_json(path) if file.endswith(".json") else pd.read_csv(path)
    frame = frame[frame[target].notna()]
    frame = frame if rows is None else frame.sample(rows, random_state=0)
    return frame.drop(columns=[target, *drop]), change(frame[target])


TABLES = {
    "iris": ("multiclass", lambda: scikit(sklearn.datasets.load_iris)),
    "wine": ("multiclass", lambda: scikit(sklearn.datasets.load_wine)),
    "breast-cancer": ("binary", lambda: scikit(sklearn.datasets.load_breast_cancer)),
    "digits": ("multiclass", lambda: scikit(sklearn.datasets.load_digits)),
    "diabetes": ("number", lambda: scikit(sklearn.datasets.load_diabetes)),
    "anes96-vote": ("binary", lambda: stats(sm.datasets.anes96, "vote")),
    "anes96-party": ("multiclass", lambda: stats(sm.datasets.anes96, "PID")),
    "fair-affairs": ("binary", lambda: stats(sm.datasets.fair, "affairs", lambda y: y > 0)),
    "randhie-visits": ("number", lambda: stats(sm.datasets.randhie, "mdvis")),
    "modechoice": ("binary", lambda: stats(sm.datasets.modechoice, "choice", drop=("individual",))),
    "star98": ("number", lambda: stats(sm.datasets.star98, "NABOVE")),
    "penguins": ("multiclass", lambda: from_vega("penguins.json", "Sex")),
    "cars": ("number", lambda: from_vega("cars.json", "Miles_per_Gallon", drop=("Name",))),
    "movies": ("number", lambda: from_vega("movies.json", "IMDB Rating", drop=("Title",))),
    "seattle-weather": ("multiclass", lambda: from_vega("seattle-weather.csv", "weather", drop=("date", "precipitation"))),
    "flights-5k": ("binary", lambda: from_vega("flights-5k.json", "delay", change=lambda y: y > 15)),
}

kind, load = TABLES[name]
x, y = load()
columns = []
for column in x.columns:
    values = x[column]
    if values.dtype.kind in "Mm":
        values = values.astype("int64") / 1e15
    elif values.dtype.kind not in "biuf":
        values = values.astype("string").astype("category").cat.codes.astype(float).replace(-1, np.nan)
    columns.append(np.asarray(values, dtype=np.float64))
if kind == "number":
    target = np.asarray(y, dtype=np.float64)
else:
    target = y.astype("string").astype("category").cat.codes.to_numpy(dtype=np.float64)
order = np.random.default_rng(7).permutation(len(target))
with open(f"{folder}/{name}.bin", "wb") as out:
    np.array([c[order] for c in columns]).tofile(out)
    target[order].tofile(out)
test = len(target) * 3 // 10
classes = 0 if kind == "number" else int(target.max()) + 1
print(json.dumps({"kind": kind, "classes": classes, "features": len(columns), "train": len(target) - test, "test": test}))
