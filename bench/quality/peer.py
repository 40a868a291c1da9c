"""FLAML, or LightGBM tuned by random search, for so many seconds:  peer.py flaml|lightgbm JSON"""
import json
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")
engine, about = sys.argv[1], json.loads(sys.argv[2])
width, train, total = about["features"], about["train"], about["train"] + about["test"]
numbers = np.fromfile(about["file"])
x = np.ascontiguousarray(numbers[: width * total].reshape(width, total).T)
y = numbers[width * total :]
kind, seconds, threads = about["kind"], about["seconds"], about["threads"]


def flaml():
    from flaml import AutoML

    settings = {"task": "regression" if kind == "number" else "classification", "metric": "rmse" if kind == "number" else "log_loss"}
    model = AutoML()
    learners = ["lgbm", "xgboost", "rf", "extra_tree"]
    # the others take no missing values
    if not np.isnan(x).any():
        learners += ["kneighbor"] + ([] if kind == "number" else ["lrl1"])
    model.fit(x[:train], y[:train], time_budget=seconds, n_jobs=threads, seed=1, verbose=0, estimator_list=learners, **settings)
    return model.predict(x[train:]) if kind == "number" else model.predict_proba(x[train:])


def lightgbm():
    import lightgbm as lgb

    until = time.monotonic() + seconds
    objective = {"number": "regression", "binary": "binary", "multiclass": "multiclass"}[kind]
    fixed = {"objective": objective, "num_threads": threads, "verbosity": -1, "feature_pre_filter": False}
    fixed |= {"num_class": about["classes"]} if kind == "multiclass" else {}
    random = np.random.default_rng(1)
    best = (np.inf, {}, 100)
    first = True
    while first or time.monotonic() < until:
        log = lambda low, high: float(np.exp(random.uniform(np.log(low), np.log(high))))
        params = {} if first else {
            "num_leaves": int(log(4, 256)),
            "learning_rate": log(0.01, 0.5),
            "min_data_in_leaf": int(log(2, 200)),
            "lambda_l2": log(1e-3, 100),
            "feature_fraction": random.uniform(0.4, 1),
            "bagging_fraction": random.uniform(0.5, 1),
            "bagging_freq": 1,
        }
        first = False
        data = lgb.Dataset(x[:train], y[:train])
        told = lgb.cv({**fixed, **params}, data, num_boost_round=600, nfold=5, stratified=kind != "number", seed=1, callbacks=[lgb.early_stopping(20, verbose=False)])
        means = next(v for k, v in told.items() if k.endswith("-mean"))
        if means[-1] < best[0]:
            best = (means[-1], params, len(means))
    model = lgb.train({**fixed, **best[1]}, lgb.Dataset(x[:train], y[:train]), num_boost_round=best[2])
    return model.predict(x[train:])


said = np.asarray({"flaml": flaml, "lightgbm": lightgbm}[engine](), dtype=np.float64)
if kind == "binary" and said.ndim == 2:
    said = said[:, 1]
np.ascontiguousarray(said).tofile(about["out"])
