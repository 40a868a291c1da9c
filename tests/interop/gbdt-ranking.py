"""LightGBM's rankings: `gbdt-ranking.py FILE` reads columns, grades and sizes of queries as JSON, and answers with scores and its own NDCG of the test rows."""

import json
import sys

import lightgbm as lgb
import numpy as np
from lightgbm_settings import SETTINGS

asked = json.load(open(sys.argv[1]))
X = np.array(asked["columns"], dtype=np.float64).T
w = np.array(asked["weights"])
cut = asked["train"]
sizes = asked["sizes"]
answers = []
for one in asked["models"]:
    y = np.array(asked["targets"][one["target"]], dtype=np.float64)
    params = {
        "objective": "lambdarank",
        "metric": "ndcg",
        "eval_at": [5, 10],
        **SETTINGS,
        **one["params"],
    }
    data = lgb.Dataset(X[:cut], y[:cut], weight=w[:cut] if one["weighted"] else None, group=sizes["train"], params=params)
    test = lgb.Dataset(X[cut:], y[cut:], group=sizes["test"], reference=data, params=params)
    told = {}
    model = lgb.train(params, data, num_boost_round=one["trees"], valid_sets=[test], valid_names=["test"], callbacks=[lgb.record_evaluation(told)])
    answers.append({"scores": np.ravel(model.predict(X[cut:])).tolist(), "ndcg5": told["test"]["ndcg@5"][-1], "ndcg10": told["test"]["ndcg@10"][-1]})
print(json.dumps({"version": lgb.__version__, "answers": answers}))
