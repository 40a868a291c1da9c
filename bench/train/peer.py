"""Learns from the numbers of a case with LightGBM or scikit-learn:  peer.py LEARNER JSON"""
import json
import os
import sys
import time

import numpy as np

learner, about = sys.argv[1], json.loads(sys.argv[2])
width, train, total = about["features"], about["train"], about["train"] + about["test"]
numbers = np.fromfile(about["file"])
x = np.ascontiguousarray(numbers[: width * total].reshape(width, total).T)
y = numbers[width * total :].copy()
del numbers


def memory(name):
    for line in open("/proc/self/status"):
        if line.startswith(name):
            return int(line.split()[1]) * 1024


def gbdt(x, y):
    import lightgbm as lgb

    params = {"objective": "binary", "num_leaves": 31, "learning_rate": 0.1, "min_data_in_leaf": 20, "max_bin": 255}
    params |= {"num_threads": about["threads"], "verbosity": -1, "feature_pre_filter": False}
    model = lgb.train(params, lgb.Dataset(x, y, params=params), num_boost_round=100)
    return model.predict


def linear(x, y):
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    own = Ridge(alpha=1) if learner == "linear" else LogisticRegression(C=1, tol=1e-8, max_iter=1000)
    model = make_pipeline(StandardScaler(), own).fit(x, y)
    return model.predict if learner == "linear" else lambda rows: model.predict_proba(rows)[:, 1]


learn = gbdt if learner == "gbdt" else linear
learn(x[:2000], y[:2000])
open("/proc/self/clear_refs", "w").write("5")
before = memory("VmRSS")
cpu, began = time.process_time(), time.perf_counter()
predict = learn(x[:train], y[:train])
seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
peak = memory("VmHWM")
np.asarray(predict(x[train:]), dtype=np.float64).tofile(about["out"])
print(json.dumps({"seconds": seconds, "cpu": cpu, "bytes": peak - before}))
