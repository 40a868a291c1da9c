"""A/B tests: shares, means, power, CUPED, sequential."""

import numpy as np
from scipy import integrate, stats
from statsmodels.stats.power import NormalIndPower, TTestIndPower
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_effectsize, proportions_ztest

from given import by


def running(values, groups, effect, start, c):
    """The mixture's ratio as an integral, after every row."""
    p, low, high, tau2, stopped = 1, -np.inf, np.inf, None, None
    for k in range(1, len(values) + 1):
        a, b = (np.array([v for v, g in zip(values[:k], groups[:k]) if g == name]) for name in ["free", "pro"])
        if min(len(a), len(b)) < start:
            continue
        if tau2 is None:
            tau2 = effect**2 * (a.var(ddof=1) + b.var(ddof=1)) / 2
        v = a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b)
        d = b.mean() - a.mean()
        tau = np.sqrt(tau2)
        top = integrate.quad(lambda t: stats.norm.pdf(d, t, np.sqrt(v)) * stats.norm.pdf(t, 0, tau), -12 * tau, 12 * tau, epsabs=0, epsrel=1e-12, points=[0, d])[0]
        p = min(p, stats.norm.pdf(d, 0, np.sqrt(v)) / top)
        half = np.sqrt(v * (v + tau2) / tau2 * (np.log((v + tau2) / v) + 2 * np.log(1 / (1 - c))))
        low, high = max(low, d - half), min(high, d + half)
        if stopped is None and p < 1 - c:
            stopped = k
    return {"p": p, "difference.low": low, "difference.high": high, "decidedAtRow": stopped, "tau": np.sqrt(tau2)}


def cases(d):
    shop = d["shop"]
    for groups in [["free", "pro"], ["free", "team"]]:
        a, b = (by(shop, "bought", "plan", g) for g in groups)
        x, n = np.array([b.sum(), a.sum()]), np.array([len(b), len(a)])
        for alternative, theirs in [("two-sided", "two-sided"), ("greater", "larger"), ("less", "smaller")]:
            z, p = proportions_ztest(x, n, alternative=theirs)
            low, high = confint_proportions_2indep(x[0], n[0], x[1], n[1], method="newcomb", compare="diff")
            lift = np.array(confint_proportions_2indep(x[0], n[0], x[1], n[1], method="log", compare="ratio")) - 1
            yield "ab", "shop", {"value": "bought", "by": "plan", "groups": groups, "alternative": alternative}, {
                "kind": "share", "statistic": z, "p": p, "difference.low": low, "difference.high": high, "lift.low": lift[0], "lift.high": lift[1],
                "sizes.p": stats.chisquare([len(a), len(b)]).pvalue}
        a, b = (by(shop, "holes", "plan", g) for g in groups)
        r = stats.ttest_ind(b, a, equal_var=False)
        ci = r.confidence_interval()
        yield "ab", "shop", {"value": "holes", "by": "plan", "groups": groups, "split": 0.4}, {
            "kind": "mean", "statistic": r.statistic, "p": r.pvalue, "difference.low": ci.low, "difference.high": ci.high,
            "sizes.p": stats.chisquare([len(a), len(b)], [0.4 * (len(a) + len(b)), 0.6 * (len(a) + len(b))]).pvalue}
        keep = [i for i, g in enumerate(shop["plan"]) if g in groups]
        y, x0 = (np.array([shop[c][i] for i in keep]) for c in ["later", "price"])
        plan = np.array([shop["plan"][i] for i in keep])
        theta = np.cov(y, x0)[0, 1] / x0.var(ddof=1)
        adjusted = y - theta * (x0 - x0.mean())
        r = stats.ttest_ind(adjusted[plan == groups[1]], adjusted[plan == groups[0]], equal_var=False)
        ci = r.confidence_interval()
        yield "cuped", "shop", {"value": "later", "before": "price", "by": "plan", "groups": groups}, {
            "theta": theta, "statistic": r.statistic, "df": r.df, "p": r.pvalue, "difference.low": ci.low, "difference.high": ci.high,
            "varianceSaved": np.corrcoef(y, x0)[0, 1] ** 2}
    for effect in [0.1, 0.35, 0.8]:
        for ratio in [1, 2.5]:
            for alternative, theirs in [("two-sided", "two-sided"), ("greater", "larger")]:
                common = dict(effect_size=effect, alpha=0.05, ratio=ratio, alternative=theirs)
                # statsmodels ends its search at about 1e-7
                n = TTestIndPower().solve_power(nobs1=None, power=0.8, **common)
                yield "power", "small", {"effect": effect, "ratio": ratio, "alternative": alternative}, {"nExact": [n, 1e-6]}
                p = TTestIndPower().power(effect, 40, 0.05, ratio=ratio, alternative=theirs)
                yield "power", "small", {"effect": effect, "ratio": ratio, "alternative": alternative, "n": 40}, {"power": p}
    for baseline, target in [(0.1, 0.12), (0.5, 0.45), (0.02, 0.03)]:
        h = proportion_effectsize(target, baseline)
        n = NormalIndPower().solve_power(effect_size=h, alpha=0.01, power=0.9, ratio=1)
        yield "power", "small", {"baseline": baseline, "target": target, "confidence": 0.99, "power": 0.9}, {"effect.value": h, "nExact": [n, 1e-6]}
        yield "power", "small", {"baseline": baseline, "target": target, "n": 2000}, {"power": NormalIndPower().power(h, 2000, 0.05)}
    keep = [i for i, g in enumerate(shop["plan"]) if g != "team"]
    values, groups = ([shop[c][i] for i in keep] for c in ["price", "plan"])
    for start, effect in [(10, 0.2), (5, 1)]:
        yield "sequential", "shop", {"value": "price", "by": "plan", "groups": ["free", "pro"], "start": start, "effect": effect}, running(values, groups, effect, start, 0.95)
