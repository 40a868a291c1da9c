"""Outliers, gaps, seasons, changes: the same by NumPy and SciPy."""

import numpy as np
import pandas as pd
from scipy import signal, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from given import arr


def esd(x, alpha, steps):
    """Rosner's test as NIST's handbook (1.3.5.17.3) writes it."""
    n, left, out = len(x), list(range(len(x))), 0
    gone = []
    for i in range(1, steps + 1):
        v = x[left]
        k = int(np.argmax(np.abs(v - v.mean())))
        r = abs(v[k] - v.mean()) / v.std(ddof=1)
        t = stats.t.ppf(1 - alpha / (2 * (n - i + 1)), n - i - 1)
        gone.append(left.pop(k))
        if r > (n - i) * t / np.sqrt((n - i - 1 + t * t) * (n - i + 1)):
            out = i
    return sorted(gone[:out])


def unusual(x, alpha, period):
    """Rosner's test of what is left of a running median and the medians of phases: places, and what would be usual."""
    def running(v, width):
        level, side, last = pd.Series(v).rolling(width, center=True, min_periods=1).median().to_numpy(), width // 2, len(v) - 1 - width // 2
        if len(v) >= 4 * side + 1:
            rise, fall = (level[2 * side] - level[side]) / side, (level[last] - level[last - side]) / side
            level = np.concatenate([level[side] - np.arange(side, 0, -1) * rise, level[side : last + 1], level[last] + np.arange(1, side + 1) * fall])
        return level

    season, half = np.zeros(len(x)), max(1, len(x) // 2 // period) * period
    line = np.median((x[half:] - x[:-half]) / half) * np.arange(len(x))
    y = x - line
    if period > 1:
        about = y - running(y, 2 * (period // 2) + 1)
        phases = np.array([np.median(about[k::period]) for k in range(period)])
        season = (phases - np.median(phases))[np.arange(len(x)) % period]
    usual = line + season + running(y - season, 2 * max(period, 10) + 1)
    return esd(x - usual, alpha, max(1, len(x) // 10)), usual


def partition(x, penalty, least):
    """Every way to cut, by dynamic programming without pruning."""
    n = len(x)
    best, before = [-penalty] + [np.inf] * n, [0] * (n + 1)
    for to in range(least, n + 1):
        for start in [0] + list(range(least, to - least + 1)):
            seg = x[start:to]
            total = best[start] + ((seg - seg.mean()) ** 2).sum() + penalty
            if total < best[to]:
                best[to], before[to] = total, start
    ends, at = [], n
    while at > 0:
        ends.insert(0, at)
        at = before[at]
    return ends


def fisher_g(g, m):
    import mpmath

    with mpmath.workdps(60):
        terms = [(-1) ** (k - 1) * mpmath.binomial(m, k) * (1 - k * mpmath.mpf(g)) ** (m - 1) for k in range(1, min(m, int(1 / g)) + 1)]
        return float(mpmath.fsum(terms))


def cases(d):
    rosner = d["rosner"]
    for data, column in [("rosner", "x"), ("shop", "price"), ("shop", "holes"), ("stackloss", "STACKLOSS")]:
        x = arr(d[data], column)
        q1, q3 = np.percentile(x, [25, 75])
        low, high = q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)
        yield "outliers", data, {"value": column, "method": "fences"}, {"low": low, "high": high, "count": int(((x < low) | (x > high)).sum())}
        half = 3.5 * stats.median_abs_deviation(x) / stats.norm.ppf(0.75)
        far = np.abs(x - np.median(x)) > half
        yield "outliers", data, {"value": column}, {"low": np.median(x) - half, "high": np.median(x) + half, "count": int(far.sum()), "meanWithout": x[~far].mean()}
        found = esd(x, 0.05, max(1, len(x) // 10))
        yield "outliers", data, {"value": column, "method": "esd"}, {"count": len(found), "meanWithout": np.delete(x, found).mean()}
    shop = d["shop"]
    gone = np.array([v is None for v in shop["holes"]])
    later, plan = np.array(shop["later"]), np.array(shop["plan"])
    a = stats.ttest_ind(later[gone], later[~gone], equal_var=False)
    b = stats.chi2_contingency(np.array([[(gone == g)[plan == p].sum() for p in ["free", "pro", "team"]] for g in [False, True]]), correction=False)
    low, high = proportion_confint(gone.sum(), len(gone), 0.05, method="beta")
    adjusted = multipletests([a.pvalue, b.pvalue], method="holm")[1]
    yield "missingness", "shop", {"value": "holes", "x": ["later", "plan"]}, {
        "missing": int(gone.sum()), "share.low": low, "share.high": high, "columns.0.statistic": a.statistic, "columns.0.p": a.pvalue,
        "columns.1.statistic": b.statistic, "columns.1.adjusted": adjusted[1]}
    for data, value, time, period in [("co2", "co2", "month", 12), ("sunspots", "spots", "year", None), ("sunspots", "spots", "year", 11), ("nile", "volume", "year", None), ("shop", "price", None, 7)]:
        x = arr(d[data], value)
        found, usual = unusual(x, 0.05, period or 1)
        rest = x - usual
        first = int(np.argmax(np.abs(rest - rest.mean())))
        far = {"anomalies.0.value": x[first], "anomalies.0.usual": usual[first]} if found else {}
        yield "anomalies", data, {"value": value} | ({"time": time} if time else {}) | ({"period": period} if period else {}), {"count": len(found)} | far
    for data, value, time in [("co2", "co2", "month"), ("sunspots", "spots", "year"), ("shop", "price", None), ("nile", "volume", "year")]:
        x = signal.detrend(arr(d[data], value), type="linear")
        n = len(x)
        power = signal.periodogram(x, detrend=False)[1][1 : (n - 1) // 2 + 1]
        k = 1 + int(np.argmax(power[1:]))
        g = power[k] / power.sum()
        yield "seasonality", data, {"value": value} | ({"time": time} if time else {}), {"statistic": g, "p": [fisher_g(g, len(power)), 1e-8], "strongestPeriod": n / (k + 1)}
        season = np.array([x[i % 12 :: 12].mean() for i in range(n)])
        from statsmodels.tsa.stattools import acf
        yield "seasonality", data, {"value": value, "period": 12}, {"strength": max(0, 1 - (x - season).var() / x.var()), "autocorrelation": acf(x, nlags=12, fft=False)[12]}
    for data, value, time in [("nile", "volume", "year"), ("shop", "price", None), ("sunspots", "spots", "year")]:
        x = arr(d[data], value)
        steps = np.diff(x)
        sigma = stats.median_abs_deviation(steps) / (stats.norm.ppf(0.75) * np.sqrt(2))
        for penalty in [3, 1]:
            ends = partition(x / sigma, penalty * np.log(len(x)), 5)
            expected = {"sigma": sigma, "count": len(ends) - 1} | {f"segments.{k}.mean": x[([0] + ends)[k] : e].mean() for k, e in enumerate(ends)} | {f"segments.{k}.n": e - ([0] + ends)[k] for k, e in enumerate(ends)}
            yield "changes", data, {"value": value, "penalty": penalty} | ({"time": time} if time else {}), expected
