"""Series forecast by statsforecast: python peer.py KIND FILE RUNS LENGTH SEASON HORIZON THREADS ; prints a line of JSON."""

import json
import sys
import time

import numpy as np
import pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import AutoARIMA, AutoETS, AutoTheta

kind, path = sys.argv[1:3]
runs, length, season, horizon, threads = (int(n) for n in sys.argv[3:])
values = np.fromfile(path).reshape(-1, length)


def forecast(y):
    frame = pd.DataFrame({
        "unique_id": np.repeat(np.arange(len(y)), length),
        "ds": np.tile(np.arange(length), len(y)),
        "y": y.ravel(),
    })
    model = {"ets": AutoETS, "arima": AutoARIMA, "theta": AutoTheta}[kind](season_length=season, alias="m")
    found = StatsForecast(models=[model], freq=1, n_jobs=threads).forecast(df=frame, h=horizon)
    return found.sort_values(["unique_id", "ds"])["m"].to_numpy().reshape(len(y), horizon)


if __name__ == "__main__":
    forecast(values[:4])  # what is compiled, is
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        found = forecast(values)
        seconds.append(time.perf_counter() - began)
    print(json.dumps({"seconds": seconds, "mean": found.tolist()}))
