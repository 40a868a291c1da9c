"""Great Expectations' verdicts on a Parquet file: expectations as JSON on stdin, [[success, unexpected rows] ...] on stdout."""

import json
import sys

import great_expectations as gx
import pandas as pd

asked = json.load(sys.stdin)
frame = pd.read_parquet(asked["file"], dtype_backend=asked.get("dtypes", "numpy_nullable"))
context = gx.get_context(mode="ephemeral")
batch = (
    context.data_sources.add_pandas("pandas")
    .add_dataframe_asset("rows")
    .add_batch_definition_whole_dataframe("all")
    .get_batch(batch_parameters={"dataframe": frame})
)
answers = []
for one in asked["expectations"]:
    found = batch.validate(getattr(gx.expectations, one["type"])(**one["kwargs"]))
    answers.append([bool(found.success), found.result.get("unexpected_count")])
print("\n" + json.dumps(answers))
