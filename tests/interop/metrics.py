"""scikit-learn's metrics, and what its linear models learn, on numbers made by a rule: JSON on stdout. Run as `metrics.py`."""

import json

import numpy as np
import sklearn
from sklearn import metrics as m
from mulberry32 import uniform


def regression() -> dict:
    r = uniform(600, 11)
    y = np.floor(r[:200] * 40) / 4
    p = y * 0.8 + 0.5 + r[200:400] * 2
    some = y != 0
    return {
        "labels": y.tolist(),
        "scores": p.tolist(),
        "alpha": 0.8,
        "power": 1.3,
        "expected": {
            "mae": m.mean_absolute_error(y, p),
            "medianError": m.median_absolute_error(y, p),
            "rmse": m.root_mean_squared_error(y, p),
            "r2": m.r2_score(y, p),
            "mape": m.mean_absolute_percentage_error(y[some], p[some]),
            "smape": float(np.mean(2 * np.abs(y - p) / (np.abs(y) + np.abs(p)))),
            "pinball": m.mean_pinball_loss(y, p, alpha=0.8),
            "poissonDeviance": m.mean_poisson_deviance(y, p),
            "tweedieDeviance": m.mean_tweedie_deviance(y, p, power=1.3),
        },
    }


def multiclass() -> dict:
    n, k = 300, 4
    r = uniform(n * (k + 1), 12)
    y = np.minimum(np.floor(r[:n] ** 2 * k), k - 1).astype(int)
    raw = r[n:].reshape(n, k) + np.eye(k)[y] * 0.6
    # the last class is never said
    raw[:, k - 1] *= 0.001
    p = raw / raw.sum(axis=1, keepdims=True)
    said = p.argmax(axis=1)
    each = m.precision_recall_fscore_support(y, said, labels=range(k), zero_division=0)
    averages = {}
    for name in ("macro", "micro", "weighted"):
        precision, recall, f1, _ = m.precision_recall_fscore_support(y, said, labels=range(k), average=name, zero_division=0)
        averages[name] = {"precision": precision, "recall": recall, "f1": f1}
    return {
        "labels": y.tolist(),
        "scores": p.ravel().tolist(),
        "expected": {
            "logLoss": m.log_loss(y, p),
            "accuracy": m.accuracy_score(y, said),
            "balancedAccuracy": m.balanced_accuracy_score(y, said),
            "auc": m.roc_auc_score(y, p, multi_class="ovr", average="macro"),
            **averages,
            "top2": m.top_k_accuracy_score(y, p, k=2),
            "top3": m.top_k_accuracy_score(y, p, k=3),
        },
        "confusion": m.confusion_matrix(y, said, labels=range(k)).tolist(),
        "f1": each[2].tolist(),
    }


def binary() -> dict:
    r = uniform(800, 13)
    y = (r[:400] < 0.3).astype(int)
    # scores with ties
    p = np.round(np.clip(r[400:] * 0.7 + y * 0.25, 0.001, 0.999), 2)
    return {
        "labels": y.tolist(),
        "scores": p.tolist(),
        "expected": {
            "auc": m.roc_auc_score(y, p),
            "averagePrecision": m.average_precision_score(y, p),
            "logLoss": m.log_loss(y, p),
            "brier": m.brier_score_loss(y, p),
        },
    }


print(
    json.dumps(
        {
            "source": "tests/interop/metrics.py",
            "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
            "regression": regression(),
            "multiclass": multiclass(),
            "binary": binary(),
        }
    )
)
