"""Tables of counts, and correlations."""

import numpy as np
from scipy import special, stats
from scipy.optimize import brentq
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from given import both


def labels(values):
    return sorted({str(v).lower() if isinstance(v, bool) else str(v) for v in values})


def table(d, value, by):
    s = lambda v: str(v).lower() if isinstance(v, bool) else str(v)
    rows, columns = labels(d[by]), labels(d[value])
    return np.array([[sum(s(a) == c and s(b) == r for a, b in zip(d[value], d[by])) for c in columns] for r in rows])


def cases(d):
    for data, value, by in [("shop", "city", "plan"), ("shop", "bought", "plan"), ("small", "won", "plan"), ("shop", "bought", "again")]:
        t = table(d[data], value, by)
        for correction in ["none", "yates"]:
            r = stats.chi2_contingency(t, correction=correction == "yates")
            plain = stats.chi2_contingency(t, correction=False).statistic
            n, least = t.sum(), min(t.shape) - 1
            expected = {"statistic": r.statistic, "df": r.dof, "p": r.pvalue, "effect.value": np.sqrt(plain / n / least), "expected.0.1": r.expected_freq[0][1]}
            high = brentq(lambda l: special.chndtr(plain, r.dof, l) - 0.025, plain, plain + 60, xtol=1e-13)
            expected["effect.high"] = np.sqrt(high / n / least)
            yield "chi-square", data, {"value": value, "by": by, "correction": correction}, expected
    for data, value, by in [("small", "won", "plan"), ("shop", "bought", "again")]:
        t = table(d[data], value, by)
        for alternative in ["two-sided", "less", "greater"]:
            r = stats.fisher_exact(t, alternative=alternative)
            odds = stats.contingency.odds_ratio(t, kind="conditional")
            ci = odds.confidence_interval(0.95)
            yield "fisher", data, {"value": value, "by": by, "alternative": alternative}, {
                "p": r.pvalue, "effect.sample": r.statistic, "effect.value": odds.statistic, "effect.low": ci.low, "effect.high": ci.high}
    t = table(d["shop"], "again", "bought")
    for method in ["exact", "chi-square"]:
        r = mcnemar(t, exact=method == "exact", correction=True)
        yield "mcnemar", "shop", {"value": "bought", "pair": "again", "method": method}, {"statistic": r.statistic, "p": r.pvalue}
    names = ["price", "later", "stars", "holes"]
    for method, f in [("pearson", stats.pearsonr), ("spearman", stats.spearmanr)]:
        for correction, theirs in [("holm", "holm"), ("bh", "fdr_bh"), ("bonferroni", "bonferroni")]:
            found = [f(*both(d["shop"], a, b)) for i, a in enumerate(names) for b in names[i + 1 :]]
            adjusted = multipletests([r.pvalue for r in found], method=theirs)[1]
            expected = {}
            for i, r in enumerate(found):
                expected |= {f"pairs.{i}.value": r.statistic, f"pairs.{i}.p": r.pvalue, f"pairs.{i}.adjusted": adjusted[i]}
                if method == "pearson" and correction == "holm":
                    ci = r.confidence_interval(0.95)
                    expected |= {f"pairs.{i}.low": ci.low, f"pairs.{i}.high": ci.high}
            # holes repeats price: r is 1, and what p is there is rounding
            expected = {k: v for k, v in expected.items() if not k.startswith("pairs.2.")}
            yield "correlation", "shop", {"value": names, "method": method, "correction": correction}, expected
