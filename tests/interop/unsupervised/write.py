"""Writes the fixtures of what is learnt without a target into a folder: python write.py FOLDER."""

import json
import platform
import sys
import warnings
from pathlib import Path

import implicit
import mlxtend
import numpy as np
import pandas as pd
import scipy.sparse
import sklearn
from mlxtend.frequent_patterns import association_rules, fpgrowth
from sklearn.cluster import DBSCAN, KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

warnings.filterwarnings("ignore")
random = np.random.default_rng(20)


def blobs(rows):
    """Four groups of other shapes, in columns of very different units; numbers have few digits, so that JSON is short."""
    centres = np.array([[0, 0, 0], [6, 5, 0], [-5, 6, 2], [4, -6, 3]])
    label = random.integers(0, 4, rows)
    x = centres[label] + random.normal(size=(rows, 3)) * np.array([[1, 0.5, 1], [0.7, 1.2, 0.5], [1, 1, 0.4], [0.5, 0.6, 1.4]])[label]
    return np.round(np.column_stack([x[:, 0] * 100 + 5000, x[:, 1], x[:, 2] * 0.01, x[:, 0] + 0.5 * x[:, 1] + random.normal(size=rows) * 0.3]), 5)


def rows_case():
    x = blobs(400)
    z = StandardScaler().fit_transform(x)
    kmeans = KMeans(4, n_init=50, tol=0, random_state=1).fit(z)
    pca = PCA(3, svd_solver="full").fit(z)
    mixture = GaussianMixture(4, n_init=20, tol=1e-10, max_iter=2000, random_state=1).fit(z)
    dbscan = DBSCAN(eps=0.35, min_samples=6).fit(z)
    return {
        "columns": {name: x[:, j].tolist() for j, name in enumerate("abcd")},
        "kmeans": {"clusters": 4, "inertia": kmeans.inertia_, "sizes": sorted(np.bincount(kmeans.labels_).tolist(), reverse=True)},
        "pca": {"variance": pca.explained_variance_.tolist(), "share": pca.explained_variance_ratio_.tolist(), "components": pca.components_.tolist()},
        "mixture": {"clusters": 4, "likelihood": mixture.score(z), "bic": mixture.bic(z), "weights": sorted(mixture.weights_.tolist())},
        "dbscan": {"reach": 0.35, "neighbours": 6, "labels": dbscan.labels_.tolist()},
    }


def anomalies_case():
    """Rows around a line in four columns; one in twenty lies elsewhere, some of them among the others."""
    n = 1500
    odd = np.arange(n) % 20 == 19
    t = random.normal(size=n)
    x = np.column_stack([t, 2 * t, -t, 0.5 * t]) + random.normal(size=(n, 4)) * 0.4
    x[odd] = random.normal(size=(odd.sum(), 4)) * 2.2
    x = np.round(x, 4)
    aucs = [roc_auc_score(odd, -IsolationForest(n_estimators=300, random_state=s).fit(x).score_samples(x)) for s in range(10)]
    return {"columns": {name: x[:, j].tolist() for j, name in enumerate("abcd")}, "every": 20, "auc": float(np.mean(aucs))}


def baskets_case():
    n, width = 400, 12
    likely = 0.55 / (1 + np.arange(width) / 4)
    has = random.random((n, width)) < likely
    has[:, 5] |= has[:, 1] & (random.random(n) < 0.6)
    has[:, 9] |= has[:, 5] & has[:, 2]
    has = has[has.any(axis=1)]
    names = [f"p{j:02d}" for j in range(width)]
    frame = pd.DataFrame(has, columns=names)
    sets = fpgrowth(frame, min_support=0.04, use_colnames=True)
    rules = association_rules(sets, metric="confidence", min_threshold=0.4)
    key = lambda s: " ".join(sorted(s))
    return {
        "baskets": [[names[j] for j in np.flatnonzero(row)] for row in has],
        "support": 0.04,
        "confidence": 0.4,
        "sets": sorted([key(s), int(round(p * len(has)))] for s, p in zip(sets["itemsets"], sets["support"])),
        "rules": sorted(
            [key(r["antecedents"]), key(r["consequents"]), *(float(r[m]) for m in ("support", "confidence", "lift", "leverage")), None if np.isinf(r["conviction"]) else float(r["conviction"])]
            for _, r in rules.iterrows()
        ),
    }


def preferences_case():
    users, items, alpha, regularisation, factors = 60, 40, 2.0, 0.5, 3
    taste = random.integers(0, 3, users)
    weights = np.zeros((users, items))
    for u in range(users):
        for i in random.choice(items, 9, replace=False, p=np.where(np.arange(items) % 3 == taste[u], 6, 1) / np.where(np.arange(items) % 3 == taste[u], 6, 1).sum()):
            weights[u, i] = random.integers(1, 6)
    confidence = np.where(weights > 0, 1 + alpha * weights, 0)
    losses = []
    for seed in range(5):
        model = implicit.als.AlternatingLeastSquares(factors, regularization=regularisation, alpha=1.0, iterations=300, use_cg=False, use_gpu=False, dtype=np.float64, num_threads=1, random_state=seed)
        model.fit(scipy.sparse.csr_matrix(confidence), show_progress=False)
        x, y = model.user_factors.astype(float), model.item_factors.astype(float)
        liked = weights > 0
        error = (liked - x @ y.T) ** 2 * np.where(liked, confidence, 1)
        losses.append(error.sum() + regularisation * ((x**2).sum() + (y**2).sum()))
    norms = np.linalg.norm(weights, axis=0)
    alike = weights.T @ weights / np.outer(np.where(norms > 0, norms, 1), np.where(norms > 0, norms, 1))
    np.fill_diagonal(alike, 0)
    scores = np.where(weights > 0, -np.inf, weights @ alike)
    best = [[int(i) for i in np.argsort(-row, kind="stable")[:5] if row[i] > 0] for row in scores]
    return {
        "weights": weights.astype(int).tolist(),
        "als": {"factors": factors, "alpha": alpha, "regularisation": regularisation, "loss": float(min(losses))},
        "items": [[[i, float(scores[u, i])] for i in own] for u, own in enumerate(best)],
    }


source = {"scikit-learn": sklearn.__version__, "mlxtend": mlxtend.__version__, "implicit": implicit.__version__, "numpy": np.__version__, "python": platform.python_version()}
for name, case in {"rows": rows_case, "anomalies": anomalies_case, "baskets": baskets_case, "preferences": preferences_case}.items():
    found = {"source": source, **case()}
    lines = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in found.items())
    (Path(sys.argv[1]) / f"{name}.json").write_text("{\n" + lines + "\n}\n", encoding="utf8")
