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


def ranking() -> dict:
    """Groups of 1 to 30 rows, a third of the scores tied; the first group has no relevant row. Means over the others."""
    r = uniform(2000, 14)
    sizes = [1 + int(x * 30) for x in r[:40]]
    n = sum(sizes)
    y = np.floor(r[40 : 40 + n] ** 2 * 5)
    y[: sizes[0]] = 0
    p = np.where(r[800 : 800 + n] < 0.33, np.round(r[1400 : 1400 + n] * 4) / 4, r[1400 : 1400 + n]) + y / 6
    groups = np.repeat(np.arange(len(sizes)), sizes)
    each: dict[str, list[float]] = {"ndcg5": [], "ndcg10": [], "ndcg": []}
    untied: dict[str, list[float]] = {"map": [], "mrr": [], "precision5": [], "precision10": []}
    # scikit-learn's average precision counts tied rows as one step: held against it are scores without ties
    apart = p + np.arange(n) * 1e-6
    for k in range(len(sizes)):
        own = groups == k
        if not (y[own] > 0).any():
            continue
        if own.sum() > 1:
            gains = [2 ** y[own] - 1]
            for name, at in (("ndcg5", 5), ("ndcg10", 10), ("ndcg", None)):
                each[name].append(m.ndcg_score(gains, [p[own]], k=at))
        else:
            for name in each:
                each[name].append(1.0)
        relevant = (y[own] > 0).astype(int)
        untied["map"].append(m.average_precision_score(relevant, apart[own]))
        order = relevant[np.argsort(-apart[own])]
        untied["mrr"].append(1 / (1 + int(np.argmax(order))))
        untied["precision5"].append(order[:5].sum() / 5)
        untied["precision10"].append(order[:10].sum() / 10)
    return {
        "labels": y.tolist(),
        "scores": p.tolist(),
        "apart": apart.tolist(),
        "groups": groups.tolist(),
        "expected": {name: float(np.mean(values)) for name, values in each.items()},
        "untied": {name: float(np.mean(values)) for name, values in untied.items()},
    }


print(
    json.dumps(
        {
            "source": "tests/interop/metrics.py",
            "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
            "regression": regression(),
            "multiclass": multiclass(),
            "binary": binary(),
            "ranking": ranking(),
        }
    )
)
