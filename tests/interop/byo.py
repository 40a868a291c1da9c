"""Models of scikit-learn and LightGBM as ONNX files, rows to ask them, and what Python says of these: `byo.py FOLDER`."""

import json
import sys

import lightgbm
import numpy as np
import onnxmltools
import skl2onnx
import sklearn
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType
from skl2onnx import to_onnx
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

folder = sys.argv[1]
random = np.random.default_rng(5)
X = random.normal(size=(800, 4)).astype(np.float32)
lean = X[:, 0] + X[:, 1] * X[:, 2] + random.normal(size=800) / 4
yes = (lean > 0).astype(int)
kind = np.array(["빨강", "green", "blue"])[np.digitize(lean, [-0.7, 0.7])]
holes = X.copy()
holes[random.random(X.shape) < 0.1] = np.nan
told = []


def keep(name, onnx, goal, expected, rows, classes=None):
    open(f"{folder}/{name}.onnx", "wb").write(onnx.SerializeToString())
    told.append({"name": name, "goal": goal, "classes": classes, "expected": np.asarray(expected, dtype=float).tolist(), "rows": [[None if np.isnan(x) else float(x) for x in row] for row in rows]})


def sk(name, model, goal, y, options=None):
    model.fit(X, y)
    onnx = to_onnx(model, X[:1], target_opset={"": 18, "ai.onnx.ml": 3}, options=options and {id(model): options})
    if goal == "regression":
        return keep(name, onnx, goal, model.predict(X), X)
    p = model.predict_proba(X)
    keep(name, onnx, goal, p[:, 1] if goal == "binary" else p, X, None if goal == "binary" else list(model.classes_))


sk("logistic", make_pipeline(StandardScaler(), LogisticRegression()), "binary", yes)
sk("logistic-tensor", LogisticRegression(), "binary", yes, {"zipmap": False})
sk("forest", RandomForestClassifier(30, max_depth=6, random_state=1), "multiclass", kind)
sk("mlp", MLPClassifier((16,), max_iter=300, random_state=1), "binary", yes)
sk("boosting", GradientBoostingRegressor(random_state=1), "regression", lean)


def lgb(name, model, goal, y, **options):
    model.set_params(n_estimators=30, num_leaves=15, num_threads=1, verbose=-1)
    model.fit(holes, y)
    onnx = convert_lightgbm(model, initial_types=[("input", FloatTensorType([None, 4]))], target_opset=15, **options)
    if goal == "regression":
        return keep(name, onnx, goal, model.predict(holes), holes)
    p = model.predict_proba(holes)
    keep(name, onnx, goal, p[:, 1] if goal == "binary" else p, holes, None if goal == "binary" else list(model.classes_))


lgb("lgbm", lightgbm.LGBMClassifier(), "binary", yes)
lgb("lgbm-tensor", lightgbm.LGBMClassifier(), "binary", yes, zipmap=False)
lgb("lgbm-classes", lightgbm.LGBMClassifier(), "multiclass", kind)
lgb("lgbm-number", lightgbm.LGBMRegressor(), "regression", lean)
versions = {m.__name__: m.__version__ for m in (sklearn, skl2onnx, lightgbm, onnxmltools)}
json.dump({"versions": versions, "models": told}, open(f"{folder}/told.json", "w"))
