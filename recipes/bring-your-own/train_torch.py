"""Trains with PyTorch in a process of its own: leaves model.onnx, and says what it would have said of every row."""

import json
import os

import numpy as np
import pandas as pd
import torch

ask = json.load(open(os.environ["GALLEY_STEP"]))
NUMBERS = ask["params"]["numbers"]
known = pd.read_parquet(ask["tables"]["known"]["files"])
rows = pd.read_parquet(ask["tables"]["rows"]["files"])
torch.manual_seed(1)
torch.set_num_threads(1)


def features(table):
    return torch.tensor(table[NUMBERS].fillna(0).astype(np.float32).to_numpy())


x, y = features(known), torch.tensor(known[ask["params"]["target"]].astype(np.float32).to_numpy())


class Scaled(torch.nn.Module):
    def __init__(self, mean, scale):
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        self.layers = torch.nn.Sequential(torch.nn.Linear(len(NUMBERS), 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))

    def forward(self, x):
        # a missing value counts as 0, in training and here
        filled = torch.where(torch.isnan(x), torch.zeros_like(x), x)
        return self.layers((filled - self.mean) / self.scale)


model = Scaled(x.mean(0), x.std(0) + 1e-6)
optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
loss = torch.nn.BCEWithLogitsLoss()
for _ in range(300):
    optimiser.zero_grad()
    loss(model(x)[:, 0], y).backward()
    optimiser.step()

# log odds come out: the recipe says logits: true
model.eval()
torch.onnx.export(
    model, (x[:2],), "model.onnx", input_names=["input"], output_names=["logit"],
    dynamic_shapes=({0: torch.export.Dim("rows")},), dynamo=True, external_data=False,
)
with torch.no_grad():
    scores = torch.sigmoid(model(features(rows))[:, 0]).numpy().astype(np.float64)
pd.DataFrame({"customer": rows["customer"], "score": scores}).to_parquet(ask["rows"])
