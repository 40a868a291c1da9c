"""What scikit-learn, fairlearn and SciPy say of how models are judged, on numbers made by a rule: JSON on stdout. Run as `evaluation.py`."""

import json
import warnings

import fairlearn
import fairlearn.metrics as fm
import numpy as np
import scipy
import sklearn
from mulberry32 import uniform
from scipy import stats
from scipy.special import logit
from sklearn.calibration import _sigmoid_calibration
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LinearRegression, LogisticRegression

warnings.filterwarnings("ignore")


def scored(n: int, seed: int):
    r = uniform(3 * n, seed)
    y = (r[:n] < 0.35).astype(int)
    p = np.round(np.clip(r[n : 2 * n] * 0.7 + y * 0.22, 0.002, 0.998), 3)
    q = np.round(np.clip(p * 0.6 + r[2 * n :] * 0.4, 0.002, 0.998), 3)
    return y, p, q


def delong() -> dict:
    """The structural components as DeLong et al. write them, pair by pair."""
    y, p, q = scored(300, 21)
    parts = []
    for s in (p, q):
        yes, no = s[y == 1][:, None], s[y == 0][None, :]
        psi = (yes > no) + 0.5 * (yes == no)
        parts.append((psi.mean(), psi.mean(axis=1), psi.mean(axis=0)))
    s10 = np.cov(np.stack([a[1] for a in parts]))
    s01 = np.cov(np.stack([a[2] for a in parts]))
    cov = s10 / (y == 1).sum() + s01 / (y == 0).sum()
    difference = parts[0][0] - parts[1][0]
    z = difference / np.sqrt(cov[0, 0] + cov[1, 1] - 2 * cov[0, 1])
    return {
        "labels": y.tolist(),
        "first": p.tolist(),
        "second": q.tolist(),
        "aucs": [parts[0][0], parts[1][0]],
        "covariance": cov.tolist(),
        "difference": difference,
        "p": 2 * stats.norm.sf(abs(z)),
    }


def bootstrap() -> dict:
    """SciPy's BCa and percentile bounds of resamples that it drew."""
    x = uniform(60, 22) ** 3 * 10
    out = {"data": x.tolist()}
    for name, f in (("mean", np.mean), ("variance", np.var)):
        res = stats.bootstrap((x,), f, n_resamples=999, method="BCa", rng=np.random.default_rng(5))
        same = stats.bootstrap((x,), f, n_resamples=999, method="percentile", rng=np.random.default_rng(5))
        jack = [float(f(np.delete(x, i))) for i in range(len(x))]
        out[name] = {
            "value": float(f(x)),
            "replicates": res.bootstrap_distribution.tolist(),
            "jackknife": jack,
            "bca": [res.confidence_interval.low, res.confidence_interval.high],
            "percentile": [same.confidence_interval.low, same.confidence_interval.high],
        }
    return out


def recalibration() -> dict:
    y, p, _ = scored(400, 23)
    a, b = _sigmoid_calibration(logit(p), y)
    iso = IsotonicRegression(out_of_bounds="clip").fit(p, y)
    asked = np.linspace(0, 1, 41)
    return {
        "labels": y.tolist(),
        "scores": p.tolist(),
        "platt": {"slope": -a, "shift": -b},
        "isotonic": {"asked": asked.tolist(), "rates": iso.predict(asked).tolist()},
    }


def fair() -> dict:
    y, p, _ = scored(500, 24)
    group = np.array(["a", "b", "c"])[np.minimum((uniform(500, 25) ** 2 * 3).astype(int), 2)]
    said = (p >= 0.5).astype(int)
    frame = fm.MetricFrame(
        metrics={"selection": fm.selection_rate, "tpr": fm.true_positive_rate, "fpr": fm.false_positive_rate},
        y_true=y,
        y_pred=said,
        sensitive_features=group,
    )
    args = dict(y_true=y, y_pred=said, sensitive_features=group)
    return {
        "labels": y.tolist(),
        "scores": p.tolist(),
        "groups": group.tolist(),
        "threshold": 0.5,
        "by": {g: {k: float(v) for k, v in row.items()} for g, row in frame.by_group.T.to_dict().items()},
        "parityDifference": fm.demographic_parity_difference(**args),
        "parityRatio": fm.demographic_parity_ratio(**args),
        "equalOpportunity": fm.equal_opportunity_difference(**args),
        "equalisedOdds": fm.equalized_odds_difference(**args),
    }


def inspected() -> dict:
    n = 400
    x = uniform(3 * n, 26).reshape(n, 3)
    y = 3 * x[:, 0] + x[:, 1] * 0.5 + uniform(n, 27) * 0.3
    model = LinearRegression().fit(x, y)
    found = permutation_importance(model, x, y, scoring="neg_root_mean_squared_error", n_repeats=200, random_state=1)
    late = (y > 2).astype(int)
    logistic = LogisticRegression().fit(x, late)
    pd = partial_dependence(logistic, x, [0], kind="average", grid_resolution=20, method="brute", response_method="predict_proba")
    return {
        "columns": x.T.tolist(),
        "target": y.tolist(),
        "weights": [*model.coef_.tolist(), float(model.intercept_)],
        "importance": found.importances_mean.tolist(),
        "spread": found.importances_std.tolist(),
        "logistic": [*logistic.coef_[0].tolist(), float(logistic.intercept_[0])],
        "grid": pd["grid_values"][0].tolist(),
        "dependence": pd["average"][0].tolist(),
    }


print(
    json.dumps(
        {
            "source": "tests/interop/evaluation.py",
            "versions": {"scikit-learn": sklearn.__version__, "fairlearn": fairlearn.__version__, "scipy": scipy.__version__, "numpy": np.__version__},
            "delong": delong(),
            "bootstrap": bootstrap(),
            "recalibration": recalibration(),
            "fairness": fair(),
            "inspection": inspected(),
        }
    )
)
