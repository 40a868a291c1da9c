"""LightGBM's predictions: `gbdt.py FILE` reads columns and what to train on them as JSON, and answers with those of the test rows."""

import json
import sys

import lightgbm as lgb
import numpy as np
from lightgbm_settings import SETTINGS

asked = json.load(open(sys.argv[1]))
X = np.array(asked["columns"], dtype=np.float64).T
w = np.array(asked["weights"])
cut = asked["train"]
answers = []
for one in asked["models"]:
    y = np.array(asked["targets"][one["target"]], dtype=np.float64)
    width = one["features"]
    codes = one["params"].pop("categorical_feature", "auto")
    params = {**SETTINGS, **one["params"]}
    data = lgb.Dataset(X[:cut, :width], y[:cut], weight=w[:cut] if one["weighted"] else None, categorical_feature=codes, params=params)
    model = lgb.train(params, data, num_boost_round=one["trees"])
    answers.append(np.ravel(model.predict(X[cut:, :width])).tolist())
print(json.dumps({"version": lgb.__version__, "answers": answers}))
