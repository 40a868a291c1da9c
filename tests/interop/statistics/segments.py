"""Groups against the rest, and what a difference is made of."""

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests


def cases(d):
    shop = d["shop"]
    y, plan, city = np.array(shop["price"]), np.array(shop["plan"]), np.array(shop["city"])
    found = []
    for column in [plan, city]:
        for level in dict.fromkeys(column):
            a, b = y[column == level], y[column != level]
            if min(len(a), len(b)) >= 10:
                r = stats.ttest_ind(a, b, equal_var=False)
                found.append((len(a) / len(y) * (a.mean() - b.mean()), level, r))
    adjusted = multipletests([r.pvalue for _, _, r in found], method="fdr_bh")[1]
    ranked = sorted(range(len(found)), key=lambda i: -abs(found[i][0]))
    expected = {}
    for k, i in enumerate(ranked):
        pull, level, r = found[i]
        ci = r.confidence_interval()
        expected |= {f"segments.{k}.level": str(level), f"segments.{k}.pull": pull, f"segments.{k}.p": r.pvalue, f"segments.{k}.adjusted": adjusted[i], f"segments.{k}.low": ci.low, f"segments.{k}.high": ci.high}
    yield "segments", "shop", {"value": "price", "x": ["plan", "city"]}, expected
    bought = np.array(shop["bought"])
    one, two = y[~bought], y[bought]
    mix = 0
    for level in set(city):
        wa, wb = (city[~bought] == level).mean(), (city[bought] == level).mean()
        ya, yb = y[~bought][city[~bought] == level].mean(), y[bought][city[bought] == level].mean()
        mix += (wb - wa) * ((ya + yb) / 2 - (one.mean() + two.mean()) / 2)
    yield "explain", "shop", {"value": "price", "by": "bought", "x": ["city"]}, {
        "difference": two.mean() - one.mean(), "columns.0.mix": mix, "columns.0.within": two.mean() - one.mean() - mix}
