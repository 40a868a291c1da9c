"""What ONNX Runtime says of rows: `onnx_run.py MODEL ROWS` checks the file, runs it, and prints its outputs as JSON."""

import json
import sys

import numpy as np
import onnx
import onnxruntime

model = onnx.load(sys.argv[1])
onnx.checker.check_model(model, full_check=True)
rows = np.array([[float(x) for x in row] for row in json.load(open(sys.argv[2]))], dtype=np.float64)
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
names = [output.name for output in session.get_outputs()]
told = dict(zip(names, (out.tolist() for out in session.run(None, {"input": rows}))))
notes = {entry.key: entry.value for entry in model.metadata_props}
told["features"] = json.loads(notes["features"])
told["version"] = onnxruntime.__version__


def plain(x):
    if isinstance(x, list):
        return [plain(y) for y in x]
    return x if not isinstance(x, float) or np.isfinite(x) else str(x).replace("inf", "Infinity").replace("nan", "NaN")


print(json.dumps({name: plain(value) for name, value in told.items()}))
