"""Regression tables."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf


def table(r, names, first):
    out = {}
    ci = r.conf_int()
    for i, (mine, theirs) in enumerate(names):
        out |= {f"coefficients.{i}.name": mine, f"coefficients.{i}.value": r.params[theirs], f"coefficients.{i}.error": r.bse[theirs], f"coefficients.{i}.{first}": r.tvalues[theirs],
                f"coefficients.{i}.p": r.pvalues[theirs], f"coefficients.{i}.low": ci.loc[theirs, 0], f"coefficients.{i}.high": ci.loc[theirs, 1]}
    return out


def cases(d):
    shop = pd.DataFrame(d["shop"])
    shop["holes"] = shop["holes"].astype(float)
    stack = pd.DataFrame(d["stackloss"])
    longley = [("(intercept)", "Intercept"), ("AIRFLOW", "AIRFLOW"), ("WATERTEMP", "WATERTEMP"), ("ACIDCONC", "ACIDCONC")]
    mixed = [("(intercept)", "Intercept"), ("stars", "stars"), ("plan = pro", "C(plan)[T.pro]"), ("plan = team", "C(plan)[T.team]"), ("later", "later")]
    for data, frame, formula, names, value, x in [
        ("stackloss", stack, "STACKLOSS ~ AIRFLOW + WATERTEMP + ACIDCONC", longley, "STACKLOSS", ["AIRFLOW", "WATERTEMP", "ACIDCONC"]),
        ("shop", shop, "holes ~ stars + C(plan) + later", mixed, "holes", ["stars", "plan", "later"]),
    ]:
        for errors, cov in [("ols", "nonrobust"), ("hc0", "HC0"), ("hc1", "HC1"), ("hc2", "HC2"), ("hc3", "HC3")]:
            r = smf.ols(formula, frame).fit(cov_type=cov, use_t=True)
            yield "ols", data, {"value": value, "x": x, "errors": errors}, table(r, names, "t") | {
                "rSquared": r.rsquared, "adjustedRSquared": r.rsquared_adj, "f.statistic": float(r.fvalue), "f.p": float(r.f_pvalue), "n": r.nobs, "residualSd": np.sqrt(r.mse_resid)}
    spector = pd.DataFrame(d["spector"])
    shop["bought"] = shop["bought"].astype(int)
    for data, frame, formula, names, value, x in [
        ("spector", spector, "GRADE ~ GPA + TUCE + PSI", [("(intercept)", "Intercept"), ("GPA", "GPA"), ("TUCE", "TUCE"), ("PSI", "PSI")], "GRADE", ["GPA", "TUCE", "PSI"]),
        ("shop", shop, "bought ~ stars + C(plan) + later", mixed, "bought", ["stars", "plan", "later"]),
    ]:
        for errors, cov in [("model", "nonrobust"), ("hc0", "HC0")]:
            # what is compared with the model of a constant alone is as near as statsmodels finds that one
            r = smf.logit(formula, frame).fit(disp=0, cov_type=cov, method="newton", tol=1e-14, maxiter=200)
            yield "logistic", data, {"value": value, "x": x, "errors": errors}, table(r, names, "z") | {
                "logLikelihood": r.llf, "pseudoRSquared": [r.prsquared, 1e-7], "likelihoodRatio.statistic": [r.llr, 1e-7], "likelihoodRatio.p": [r.llr_pvalue, 1e-7], "aic": r.aic}
