"""Trains with scikit-learn in a process of its own: leaves model.onnx, and says what it would have said of every row."""

import json
import os

import numpy as np
import pandas as pd
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

ask = json.load(open(os.environ["GALLEY_STEP"]))
NUMBERS, TEXTS = ask["params"]["numbers"], ask["params"]["texts"]
known = pd.read_parquet(ask["tables"]["known"]["files"])
rows = pd.read_parquet(ask["tables"]["rows"]["files"])


def features(table):
    numbers = table[NUMBERS].astype(np.float32)
    return pd.concat([numbers, table[TEXTS].astype(object)], axis=1)


numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
encoded = ColumnTransformer([("numbers", numbers, NUMBERS), ("texts", OneHotEncoder(handle_unknown="ignore"), TEXTS)])
model = make_pipeline(encoded, LogisticRegression(max_iter=1000)).fit(features(known), known[ask["params"]["target"]])

# one input a column, by its name: Galley gives each feature to the input that is called like it
inputs = [(n, FloatTensorType([None, 1])) for n in NUMBERS] + [(t, StringTensorType([None, 1])) for t in TEXTS]
onnx = to_onnx(model, initial_types=inputs, target_opset=18)
open("model.onnx", "wb").write(onnx.SerializeToString())

scores = model.predict_proba(features(rows))[:, 1]
pd.DataFrame({"customer": rows["customer"], "score": scores}).to_parquet(ask["rows"])
print("trained on", len(known), "rows")
with open(ask["events"], "a") as told:
    told.write(json.dumps({"metrics": {"rows": len(known)}}) + "\n")
