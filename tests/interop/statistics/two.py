"""Two groups, and two values of a row."""

import numpy as np
from scipy import stats
from scipy.optimize import brentq

from given import arr, by, both


def d_interval(t, df, scale, c):
    tail = (1 - c) / 2
    f = lambda p: brentq(lambda nc: stats.nct.cdf(t, df, nc) - p, t - 4.5, t + 4.5, xtol=1e-14, rtol=1e-14)
    return f(1 - tail) * scale, f(tail) * scale


def means(d):
    for data, value, groups in [("shop", "price", ["free", "pro"]), ("shop", "holes", ["team", "pro"]), ("small", "x", ["a", "b"])]:
        a, b = (by(d[data], value, "plan", g) for g in groups)
        for name, equal in [("t", True), ("welch", False)]:
            for alternative in ["two-sided", "less", "greater"]:
                for c in [0.95] if alternative != "two-sided" else [0.95, 0.99]:
                    r = stats.ttest_ind(a, b, equal_var=equal, alternative=alternative)
                    # the interval is two-sided whatever the alternative
                    ci = stats.ttest_ind(a, b, equal_var=equal).confidence_interval(c)
                    pooled = stats.ttest_ind(a, b).statistic
                    scale = np.sqrt(1 / len(a) + 1 / len(b))
                    low, high = d_interval(pooled, len(a) + len(b) - 2, scale, c)
                    yield name, data, {"value": value, "by": "plan", "groups": groups, "alternative": alternative, "confidence": c}, {
                        "statistic": r.statistic, "df": r.df, "p": r.pvalue, "difference.low": ci.low, "difference.high": ci.high,
                        "effect.value": pooled * scale, "effect.low": low, "effect.high": high}
    for data, x, y in [("shop", "price", "later"), ("small", "x", "y"), ("shop", "holes", "later")]:
        a, b = both(d[data], x, y)
        for alternative in ["two-sided", "less", "greater"]:
            r = stats.ttest_rel(a, b, alternative=alternative)
            ci = stats.ttest_rel(a, b).confidence_interval(0.95)
            yield "paired", data, {"value": x, "pair": y, "alternative": alternative}, {
                "statistic": r.statistic, "df": r.df, "p": r.pvalue, "difference.low": ci.low, "difference.high": ci.high}


def ranks(d):
    for data, value, groups, method in [("shop", "price", ["free", "pro"], "asymptotic"), ("shop", "stars", ["free", "pro"], "asymptotic"), ("small", "x", ["a", "b"], "exact"), ("small", "x", ["b", "a"], "exact")]:
        a, b = (by(d[data], value, "plan", g) for g in groups)
        for alternative in ["two-sided", "less", "greater"]:
            r = stats.mannwhitneyu(a, b, alternative=alternative, method=method)
            yield "mann-whitney", data, {"value": value, "by": "plan", "groups": groups, "alternative": alternative}, {"statistic": r.statistic, "p": r.pvalue}
    for data, x, y, method in [("shop", "price", "later", "asymptotic"), ("shop", "stars", "later", "asymptotic"), ("small", "x", "y", "exact")]:
        a, b = both(d[data], x, y)
        delta = np.round(a - b, 9)
        for alternative in ["two-sided", "less", "greater"]:
            r = stats.wilcoxon(delta, alternative=alternative, method=method, correction=False)
            yield "wilcoxon", data, {"value": x, "pair": y, "alternative": alternative}, {"positive" if alternative != "two-sided" else "statistic": r.statistic, "p": r.pvalue}


def cases(d):
    yield from means(d)
    yield from ranks(d)
