"""Trains with LightGBM in a process of its own: leaves model.onnx, and says what it would have said of every row."""

import json
import os

import lightgbm
import numpy as np
import pandas as pd
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

ask = json.load(open(os.environ["GALLEY_STEP"]))
NUMBERS = ask["params"]["numbers"]
known = pd.read_parquet(ask["tables"]["known"]["files"])
rows = pd.read_parquet(ask["tables"]["rows"]["files"])


def features(table):
    # as the ONNX file takes them: trees then split where it splits
    return table[NUMBERS].astype(np.float32).to_numpy()


model = lightgbm.LGBMClassifier(n_estimators=60, num_leaves=8, deterministic=True, num_threads=1, verbose=-1)
model.fit(features(known), known[ask["params"]["target"]].astype(int))

# one matrix: the order of its columns is that of the recipe's features
onnx = convert_lightgbm(model, initial_types=[("input", FloatTensorType([None, len(NUMBERS)]))], target_opset=15)
open("model.onnx", "wb").write(onnx.SerializeToString())

scores = model.predict_proba(features(rows))[:, 1]
pd.DataFrame({"customer": rows["customer"], "score": scores}).to_parquet(ask["rows"])
print("trained on", len(known), "rows")
