"""Values of distributions: [name, arguments, value] of SciPy. Small tails are asked as such."""

import math

import numpy as np
from scipy import special, stats


def values():
    for z in [-37, -20, -9.5, -5, -1.96, -0.3, 0, 1e-8, 0.7, 1.2247, 1.2248, 2.5758, 6, 8.3, 12, 38]:
        yield "normal", [z], [stats.norm.cdf(z), stats.norm.sf(z)]
    for p in [1e-300, 1e-20, 1e-12, 0.001, 0.025, 0.07, 0.08, 0.3, 0.5, 0.9, 0.975, 0.999999]:
        yield "normalQuantile", [p], stats.norm.ppf(p)
    for df in [1, 2, 2.5, 3.7, 10, 29.3, 100, 1234.5, 1e5, 1e6]:
        for t in [0.001, 0.5, 1, 2, 3.3, 7, 20]:
            yield "studentP", [t, df], 2 * stats.t.sf(t, df)
        for p in [0.25, 0.05, 0.025, 0.005, 1e-6, 1e-10]:
            yield "studentUpper", [p, df], stats.t.isf(p, df)
    for df1, df2 in [(1, 1), (1, 20), (2, 57), (3, 4), (5.5, 12.3), (10, 1000), (40, 40), (200, 3), (3, 1e5)]:
        for f in [0.01, 0.4, 1, 1.5, 3, 10, 50]:
            yield "fisherF", [f, df1, df2], [stats.f.cdf(f, df1, df2), stats.f.sf(f, df1, df2)]
    for df in [1, 2, 3, 7.5, 30, 250, 5000]:
        for r in [0.01, 0.3, 0.9, 1, 1.2, 2, 5]:
            yield "chiSquare", [df * r, df], [stats.chi2.cdf(df * r, df), stats.chi2.sf(df * r, df)]
    for n, p in [(5, 0.5), (20, 0.1), (100, 0.5), (100, 0.003), (5000, 0.3), (200000, 0.01)]:
        for k in sorted({0, 1, n // 10, n // 3, n // 2, n - 1, n}):
            yield "binomialMass", [k, n, p], stats.binom.pmf(k, n, p)
            yield "binomial", [k, n, p], [stats.binom.cdf(k, n, p), stats.binom.sf(k, n, p)]
    for k, n in [(0, 10), (1, 10), (5, 10), (10, 10), (37, 1000), (999, 1000)]:
        for c in [0.9, 0.95, 0.999]:
            low = 0 if k == 0 else stats.beta.ppf((1 - c) / 2, k, n - k + 1)
            high = 1 if k == n else stats.beta.isf((1 - c) / 2, k + 1, n - k)
            yield "shareInterval", [k, n, c], [low, high]
    for marked, others, drawn in [(5, 7, 6), (50, 60, 40), (1000, 3000, 200), (10, 100000, 500)]:
        for k in sorted({0, 1, drawn // 4, drawn // 2, min(marked, drawn)}):
            yield "hypergeometricMass", [k, marked, others, drawn], stats.hypergeom.pmf(k, marked + others, marked, drawn)
    for df, nc in [(5, 0.5), (10, 2), (30, 3.1), (98, 2.8), (400, 8), (20, -1.5)]:
        for t in [-3, -0.4, 0.7, 1.98, 4, 9]:
            yield "noncentralT", [t, df, nc], special.nctdtr(df, nc, t)
    for df1, df2, nc in [(1, 20, 1), (3, 40, 9.5), (5, 300, 60), (2, 27, 0.1)]:
        for f in [0.2, 1, 2.5, 6, 15]:
            yield "noncentralF", [f, df1, df2, nc], special.ncfdtr(df1, df2, nc, f)
    for df, nc in [(1, 1), (4, 9), (10, 80), (3, 0.1)]:
        for x in [0.5, 4, 20, 100]:
            yield "noncentralChiSquare", [x, df, nc], special.chndtr(x, df, nc)
    for m, n in [(3, 4), (5, 5), (8, 30), (8, 90), (20, 20)]:
        for share in [0, 0.1, 0.3, 0.5, 0.9, 1]:
            u = round(share * m * n)
            d = stats._mannwhitneyu._MWU(m, n)
            yield "mannWhitneyExact", [u, m, n], [float(d.cdf(np.array([u]))[0]), float(d.sf(np.array([u]))[0])]
    for n in [3, 8, 20, 50]:
        top = n * (n + 1) // 2
        for share in [0, 0.05, 0.2, 0.5, 0.8, 1]:
            w = round(share * top)
            dist = stats._wilcoxon.WilcoxonDistribution(n)
            yield "signedRanksExact", [w, n], [float(dist.cdf(w)), float(dist.sf(w))]
    for x in [0.2, 0.4, 0.6, 0.8, 0.85, 1, 1.36, 1.63, 2.5, 4]:
        yield "kolmogorovLimit", [x], special.kolmogorov(x)


def rows():
    out = []
    for name, args, value in values():
        value = [float(v) for v in value] if isinstance(value, list) else float(value)
        bad = any(not math.isfinite(v) for v in (value if isinstance(value, list) else [value]))
        if not bad:
            out.append([name, args, value])
    return out
