"""Several groups, shapes of distributions, series."""

import warnings

import numpy as np
from scipy import special, stats
from scipy.optimize import brentq
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.oneway import anova_oneway
from statsmodels.tsa.stattools import adfuller, kpss

from given import arr, by


def cases(d):
    shop = d["shop"]
    plans = ["free", "pro", "team"]
    for value in ["price", "holes", "stars"]:
        groups = [by(shop, value, "plan", g) for g in plans]
        n, k = sum(map(len, groups)), 3
        plain = stats.f_oneway(*groups)
        between = plain.statistic * (k - 1)
        eta = between / (between + n - k)
        high = brentq(lambda l: special.ncfdtr(k - 1, n - k, l, plain.statistic) - 0.025, 0.01, 100, xtol=1e-13)
        for name, use in [("equal", "equal"), ("unequal", "unequal")]:
            r = anova_oneway(groups, use_var=use, welch_correction=True)
            ps = [stats.ttest_ind(groups[i], groups[j], equal_var=False).pvalue for i, j in [(0, 1), (0, 2), (1, 2)]]
            expected = {"statistic": r.statistic, "df.0": r.df[0], "df.1": r.df[1], "p": r.pvalue, "effect.value": eta, "effect.high": high / (high + n)}
            if name == "unequal":
                expected |= {f"pairs.{i}.adjusted": p for i, p in enumerate(multipletests(ps, method="holm")[1])}
            yield "anova", "shop", {"value": value, "by": "plan", "variances": name}, expected
        r = stats.kruskal(*groups)
        ps = [stats.mannwhitneyu(groups[i], groups[j], method="asymptotic").pvalue for i, j in [(0, 1), (0, 2), (1, 2)]]
        yield "kruskal", "shop", {"value": value, "by": "plan", "correction": "bh"}, {"statistic": r.statistic, "p": r.pvalue} | {f"pairs.{i}.adjusted": p for i, p in enumerate(multipletests(ps, method="fdr_bh")[1])}
    for data, value, groups in [("shop", "price", ["free", "pro"]), ("shop", "holes", ["pro", "team"]), ("small", "x", ["a", "b"])]:
        a, b = (by(d[data], value, "plan", g) for g in groups)
        r = stats.ks_2samp(a, b, method="exact")
        yield "ks", data, {"value": value, "by": "plan", "groups": groups}, {"statistic": r.statistic, "p": r.pvalue}
        en = len(a) * len(b) / (len(a) + len(b))
        yield "ks", data, {"value": value, "by": "plan", "groups": groups, "method": "limit"}, {"p": special.kolmogorov(np.sqrt(en) * r.statistic)}
    for data, value in [("shop", "price"), ("shop", "stars"), ("small", "x"), ("nile", "volume"), ("sunspots", "spots"), ("stackloss", "STACKLOSS")]:
        x = arr(d[data], value)
        # SciPy's W is of normal quantiles good to 1e-8 or so
        r = stats.shapiro(x)
        yield "normality", data, {"value": value}, {"statistic": [r.statistic, 1e-7], "p": [r.pvalue, 1e-5], "skewness": stats.skew(x), "excessKurtosis": stats.kurtosis(x)}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            r = stats.normaltest(x)
        yield "normality", data, {"value": value, "method": "dagostino"}, {"statistic": r.statistic, "p": r.pvalue}
        r = stats.jarque_bera(x)
        yield "normality", data, {"value": value, "method": "jarque-bera"}, {"statistic": r.statistic, "p": r.pvalue}
    for data, value, time in [("nile", "volume", "year"), ("co2", "co2", "month"), ("sunspots", "spots", "year"), ("shop", "price", None)]:
        x = arr(d[data], value)
        for name, trend in [("constant", "c"), ("line", "ct")]:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                a = adfuller(x, regression=trend, autolag="AIC")
                k = kpss(x, regression=trend, nlags="auto")
            yield "stationarity", data, {"value": value, "trend": name} | ({"time": time} if time else {}), {
                "adf.statistic": a[0], "adf.p": a[1], "adf.lags": a[2], "adf.n": a[3], "adf.critical.0": a[4]["1%"], "adf.critical.2": a[4]["10%"],
                "kpss.statistic": k[0], "kpss.p": k[1], "kpss.lags": k[2]}
