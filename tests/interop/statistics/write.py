"""Writes the fixtures of statistics into a folder: python write.py FOLDER."""

import json
import math
import platform
import sys
import warnings
from pathlib import Path

import numpy
import scipy
import statsmodels

import data
import distributions

warnings.filterwarnings("ignore")
MODULES = ["two", "counts", "several", "regression", "abtests", "looks", "segments"]


def plain(v):
    if v is None or isinstance(v, (str, bool)):
        return v
    if isinstance(v, (list, tuple)):
        return [plain(x) for x in v]
    v = float(v)
    assert math.isfinite(v), v
    return v


folder = Path(sys.argv[1])
source = {"scipy": scipy.__version__, "statsmodels": statsmodels.__version__, "numpy": numpy.__version__, "python": platform.python_version()}
columns = data.columns()
cases = [
    [name, table, asked, {path: plain(v) for path, v in expected.items()}]
    for module in MODULES
    for name, table, asked, expected in __import__(module).cases(columns)
]


def write(name, rest, lines):
    rows = ",\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    head = json.dumps(rest, ensure_ascii=False)[:-1]
    (folder / name).write_text(f'{head}, "values": [\n{rows}\n]}}\n', encoding="utf8")


write("distributions.json", {"source": source}, distributions.rows())
write("cases.json", {"source": source}, cases)
(folder / "columns.json").write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in columns.items()) + "\n}\n", encoding="utf8")
