"""Series forecast by statsforecast's auto models:  series.py FILE ; prints the means by model as JSON, with `best` and `mean` of the three."""
import json
import sys
import warnings

import numpy as np
from statsforecast.models import AutoARIMA, AutoETS, AutoTheta

warnings.filterwarnings("ignore")
FOLDS = 3
MODELS = {"AutoETS": AutoETS, "AutoARIMA": AutoARIMA, "AutoTheta": AutoTheta}
with open(sys.argv[1]) as file:
    series = json.load(file)


def forecast(model, y, season, horizon):
    return model(season_length=season).forecast(y=y, h=horizon)["mean"]


means = {name: [] for name in [*MODELS, "best", "mean"]}
for s in series:
    horizon, season = s["horizon"], s["season"]
    seen = np.asarray(s["values"][:-horizon], dtype=np.float64)
    own = {name: forecast(model, seen, season, horizon) for name, model in MODELS.items()}
    errors = {}
    for name, model in MODELS.items():
        apart = []
        for fold in range(1, FOLDS + 1):
            cut = len(seen) - fold * horizon
            if cut >= max(8, 2 * season):
                apart.append(np.abs(seen[cut : cut + horizon] - forecast(model, seen[:cut], season, horizon)).mean())
        errors[name] = np.mean(apart) if apart else 0.0
    own["best"] = own[min(errors, key=errors.get)]
    own["mean"] = np.mean([own[name] for name in MODELS], axis=0)
    for name, values in own.items():
        means[name].append([float(v) for v in values])
print(json.dumps(means))
