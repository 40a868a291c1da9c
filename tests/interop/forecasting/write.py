"""What statsforecast and statsmodels expect of series; the unit tests of src/ml/forecasting read it.

    python -B tests/interop/forecasting/write.py FOLDER
"""
import json
import platform
import sys
import warnings
from pathlib import Path

import numpy as np
import statsforecast
import statsmodels
import statsmodels.api as sm
from statsforecast.models import (
    TSB, AutoARIMA, AutoETS, AutoTheta, CrostonClassic, CrostonSBA, OptimizedTheta, RandomWalkWithDrift, SeasonalNaive, Theta,
)
from statsforecast.utils import AirPassengers
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.statespace.sarimax import SARIMAX

warnings.filterwarnings("ignore")
folder = Path(sys.argv[1])
SOURCE = {
    "python": platform.python_version(),
    "statsforecast": statsforecast.__version__,
    "statsmodels": statsmodels.__version__,
    "numpy": np.__version__,
}
HORIZON = {1: 6, 4: 8, 12: 12}


def series():
    """Series of seasons 1, 4 and 12: (name, season, values, source). All are in the public domain, as the packages say of them."""
    yield "air-passengers", 12, AirPassengers, "Box and Jenkins (1976), series G; statsforecast.utils"
    co2 = sm.datasets.co2.load_pandas().data["co2"].resample("MS").mean().interpolate()
    yield "co2", 12, co2.to_numpy()[-240:], "Mauna Loa, weekly as monthly means; statsmodels.datasets.co2"
    nino = sm.datasets.elnino.load_pandas().data.set_index("YEAR").to_numpy().ravel()
    yield "el-nino", 12, nino[-240:], "NOAA; statsmodels.datasets.elnino"
    yield "nile", 1, sm.datasets.nile.load_pandas().data["volume"].to_numpy(), "Cobb (1978); statsmodels.datasets.nile"
    spots = sm.datasets.sunspots.load_pandas().data["SUNACTIVITY"].to_numpy()
    yield "sunspots", 1, spots[-120:], "NOAA; statsmodels.datasets.sunspots"
    macro = sm.datasets.macrodata.load_pandas().data
    for name in ["realgdp", "realcons", "realinv", "realgovt", "realdpi", "cpi", "m1", "tbilrate", "unemp", "pop", "infl", "realint"]:
        yield f"us-{name}", 4, macro[name].to_numpy(), "Federal Reserve, St. Louis; statsmodels.datasets.macrodata"
    danish = sm.datasets.danish_data.load_pandas().data
    for name in ["lrm", "lry", "lpy", "ibo", "ide"]:
        yield f"danish-{name}", 4, danish[name].to_numpy(), "Johansen and Juselius (1990); statsmodels.datasets.danish_data"
    rates = sm.datasets.interest_inflation.load_pandas().data
    for name in ["Dp", "R"]:
        yield f"german-{name.lower()}", 4, rates[name].to_numpy(), "Luetkepohl (2004); statsmodels.datasets.interest_inflation"
    copper = sm.datasets.copper.load_pandas().data
    for name in ["WORLDCONSUMPTION", "COPPERPRICE", "INCOMEINDEX", "ALUMPRICE", "INVENTORYINDEX"]:
        yield f"copper-{name.lower()}", 1, copper[name].to_numpy(), "Gill (1980s); statsmodels.datasets.copper"
    months = sm.datasets.elnino.load_pandas().data
    for name in ["JAN", "APR", "JUL", "OCT"]:
        yield f"el-nino-{name.lower()}", 1, months[name].to_numpy(), "NOAA; statsmodels.datasets.elnino"


def intermittent():
    rng = np.random.default_rng(5)
    for i, (p, mean) in enumerate([(0.15, 4), (0.3, 12), (0.6, 3), (0.25, 30)]):
        y = np.where(rng.random(80) < p, rng.poisson(mean, 80) + 1, 0).astype(float)
        if i == 3:
            y[55:] = 0
        yield f"parts-{i}", y


def numbers(x):
    return [float(v) for v in np.asarray(x, dtype=float)]


def arima_name(arma):
    p, q, P, Q, m, d, D = arma
    return f"ARIMA({p},{d},{q})" + (f"({P},{D},{Q})[{m}]" if m > 1 else "")


def main():
    out = {"source": SOURCE, "series": [], "intermittent": [], "ets": [], "arima": []}
    for name, season, values, source in series():
        h = HORIZON[season]
        y = np.asarray(values, dtype=float)
        train = y[:-h]
        item = {"name": name, "season": season, "source": source, "values": [round(float(v), 6) for v in y], "horizon": h}
        train = np.asarray(item["values"])[:-h]
        found = {}
        for key, model in [
            ("seasonal-naive", SeasonalNaive(season_length=season)), ("drift", RandomWalkWithDrift()), ("ets", AutoETS(season_length=season)),
            ("arima", AutoARIMA(season_length=season)), ("theta", AutoTheta(season_length=season)),
            ("stm", Theta(season_length=season)), ("otm", OptimizedTheta(season_length=season)),
        ]:
            model.fit(train)
            f = model.predict(h, level=[95])
            found[key] = {"mean": numbers(f["mean"])}
            if key in ("seasonal-naive", "drift"):
                found[key]["hi95"] = numbers(f["hi-95"])
            if key == "ets":
                found[key] |= {"model": model.model_["components"], "aicc": float(model.model_["aicc"])}
            if key == "arima":
                found[key] |= {"model": arima_name(model.model_["arma"]), "aicc": float(model.model_["aicc"]), "hi95": numbers(f["hi-95"])}
        item["expected"] = found
        out["series"].append(item)
        print(name, file=sys.stderr)
    for name, y in intermittent():
        found = {}
        for key, model in [("croston", CrostonClassic()), ("sba", CrostonSBA()), ("tsb", TSB(alpha_d=0.2, alpha_p=0.1))]:
            found[key] = numbers(model.forecast(y=y, h=1)["mean"])[0]
        out["intermittent"].append({"name": name, "values": numbers(y), "expected": found})

    # given forms of exponential smoothing by maximum likelihood
    y = AirPassengers
    for error, trend, damped, seasonal in [
        ("add", None, False, None), ("add", "add", False, None), ("add", "add", True, None), ("add", "add", False, "add"),
        ("mul", None, False, None), ("mul", "add", False, "mul"), ("mul", "add", True, "mul"), ("mul", None, False, "mul"), ("mul", "add", False, "add"),
    ]:
        model = ETSModel(y, error=error, trend=trend, damped_trend=damped, seasonal=seasonal, seasonal_periods=12 if seasonal else None)
        fit = model.fit(disp=False, maxiter=2000)
        letter = {None: "N", "add": "A", "mul": "M"}
        form = letter[error] + letter[trend] + ("d" if damped else "") + letter[seasonal]
        out["ets"].append({"model": form, "llf": float(fit.llf), "params": dict(zip(model.param_names, numbers(fit.params))), "mean": numbers(fit.forecast(12))})

    # the exact likelihood at given parameters, of differences
    for order, seasonal, params in [
        ((1, 1, 1), (0, 0, 0, 0), [0.5, -0.3]), ((2, 0, 1), (0, 0, 0, 0), [1.2, -0.4, 0.3]), ((0, 1, 1), (0, 1, 1, 12), [-0.4, -0.55]),
        ((2, 1, 2), (1, 1, 1, 12), [0.4, 0.2, -0.6, 0.1, -0.1, -0.5]), ((1, 0, 0), (1, 1, 0, 12), [0.8, -0.2]),
    ]:
        logs = np.log(y)
        model = SARIMAX(logs, order=order, seasonal_order=seasonal, simple_differencing=True, concentrate_scale=True)
        res = model.smooth(params)
        fit = model.fit(disp=False, maxiter=500)
        out["arima"].append({
            "order": list(order), "seasonal": list(seasonal), "params": params, "llf": float(res.llf), "sigma2": float(res.scale), "best": float(fit.llf),
            "filtered": numbers(res.forecast(6)),
        })
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "series.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")


main()
