"""What scikit-learn's linear models, neighbours and naive Bayes say of rows made by a rule: JSON on stdout. Columns are standardised, as Galley's trainers do it."""

import json

import numpy as np
import sklearn
from mulberry32 import uniform
from sklearn.linear_model import ElasticNet, LinearRegression, LogisticRegression, PoissonRegressor, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

ROWS, SEED = 400, 21

a, b, c, d, e = uniform(5 * ROWS, SEED).reshape(5, ROWS)
lean = 3 * a - 2 * b + 0.5 * c + e * 2
targets = {
    "number": 10 + lean,
    "count": np.floor(np.exp(a - b / 2 + e)),
    "colour": np.clip(np.floor(lean), 0, 2).astype(int),
    "yes": (lean > 1).astype(int),
}
X = np.column_stack([a, b * 100, a * 0.7 + c * 0.3, d - 5])
X = (X - X.mean(axis=0)) / X.std(axis=0)
W = 0.5 + np.arange(ROWS) % 4

models = []


def add(trainer: str, target: str, params: dict, make, weighted: bool = False) -> None:
    w = W if weighted else None
    model = make(W.sum() if weighted else ROWS).fit(X, targets[target], sample_weight=w)
    if target == "colour":
        scores = model.predict_proba(X[:20])
    elif target == "yes":
        scores = model.predict_proba(X[:20])[:, 1]
    else:
        scores = model.predict(X[:20])
    models.append({"trainer": trainer, "target": target, "params": params, "weighted": weighted, "scores": np.ravel(scores).tolist()})


tight = {"tol": 1e-12, "max_iter": 100_000}
for weighted in (False, True):
    add("linear", "number", {"l2": 0}, lambda n: LinearRegression(), weighted)
    add("linear", "number", {"l2": 7}, lambda n: Ridge(alpha=7, solver="cholesky"), weighted)
    add("linear", "number", {"l1": 40, "l2": 0}, lambda n: ElasticNet(alpha=40 / n, l1_ratio=1, **tight), weighted)
    add("linear", "number", {"l1": 20, "l2": 30}, lambda n: ElasticNet(alpha=50 / n, l1_ratio=0.4, **tight), weighted)
    add("poisson", "count", {"l2": 2}, lambda n: PoissonRegressor(alpha=2 / n, solver="newton-cholesky", **tight), weighted)
    add("logistic", "colour", {"l2": 2}, lambda n: LogisticRegression(C=1 / 2, solver="newton-cg", **tight), weighted)
    add("naiveBayes", "colour", {"smoothing": 0}, lambda n: GaussianNB(var_smoothing=0), weighted)
    add("naiveBayes", "yes", {"smoothing": 0}, lambda n: GaussianNB(var_smoothing=0), weighted)
    add("logistic", "yes", {"l2": 2}, lambda n: LogisticRegression(C=1 / 2, solver="newton-cholesky", **tight), weighted)

for target, make in (("number", KNeighborsRegressor), ("colour", KNeighborsClassifier), ("yes", KNeighborsClassifier)):
    knn = make(n_neighbors=7).fit(X, targets[target])
    said = knn.predict(X[:20]) if target == "number" else knn.predict_proba(X[:20])
    scores = said[:, 1] if target == "yes" else said
    models.append({"trainer": "knn", "target": target, "params": {"k": 7}, "weighted": False, "scores": np.ravel(scores).tolist()})

print(
    json.dumps(
        {
            "source": "tests/interop/linear.py",
            "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
            "rows": ROWS,
            "seed": SEED,
            "models": models,
        }
    )
)
