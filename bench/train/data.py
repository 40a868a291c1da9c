"""Writes the numbers of a case:  data.py KIND ROWS FILE [FLIGHTS AIRPORTS]

Float64: features column after column, then the target; a fifth of ROWS more for testing, behind the rows to learn from. Of flights half of these are drawn
by chance among the days that are learnt from, and half are of the days after them. Prints what it wrote as JSON.
"""
import json
import sys

import numpy as np

kind, rows, file = sys.argv[1], int(float(sys.argv[2])), sys.argv[3]
total = rows + rows // 5


def flights():
    import pandas as pd

    table = pd.read_parquet(sys.argv[4]).dropna(subset=["delay"]).sort_values("date", kind="stable")
    # whole days would be missing of the first rows alone: every n-th covers all of the months
    table = table.iloc[:: max(1, len(table) // total)].iloc[:total]
    apart = np.zeros(total, dtype=bool)
    apart[np.random.default_rng(3).choice(total - rows // 10, rows // 5 - rows // 10, replace=False)] = True
    apart[total - rows // 10 :] = True
    table = pd.concat([table[~apart], table[apart]])
    places = pd.read_csv(sys.argv[5]).set_index("iata")
    date = pd.to_datetime(table["date"])
    columns = [table["distance"], date.dt.hour * 60 + date.dt.minute, date.dt.dayofweek, date.dt.dayofyear]
    for end in ("origin", "destination"):
        columns += [table[end].map(places["latitude"]), table[end].map(places["longitude"])]
        columns += [table[end].astype("category").cat.codes]
    return np.array([np.asarray(c, dtype=np.float64) for c in columns]), (table["delay"] > 15).to_numpy()


def synthetic(width=28):
    random = np.random.default_rng(1)
    x = random.standard_normal((width, total))
    lean = 1.2 * np.sin(2 * x[0]) + x[1] * x[2] - 0.8 * (x[3] > 0.5) * x[4] + 0.5 * np.abs(x[5]) + 0.3 * x[6] - 0.5
    return x, random.random(total) < 1 / (1 + np.exp(-lean))


def linear(width=28):
    random = np.random.default_rng(2)
    x = random.standard_normal((width, total)) * np.exp(random.standard_normal((width, 1))) + random.standard_normal((width, 1))
    lean = random.standard_normal(width) @ ((x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)) / 2
    noise = random.standard_normal(total)
    return x, (random.random(total) < 1 / (1 + np.exp(-lean)) if kind == "logistic" else lean * 3 + 10 + noise)


x, y = {"flights": flights, "synthetic": synthetic, "linear": linear, "logistic": linear}[kind]()
with open(file, "wb") as out:
    np.ascontiguousarray(x).tofile(out)
    np.asarray(y, dtype=np.float64).tofile(out)
print(json.dumps({"features": len(x), "train": x.shape[1] - rows // 5, "test": rows // 5}))
