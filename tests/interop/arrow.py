"""Reads what Galley wrote as Arrow IPC and writes it again: `arrow.py LIBRARY IN OUT`. Prints its rows as JSON."""

import json
import sys

import pyarrow as pa

library, source, out = sys.argv[1:]

if library == "pyarrow":
    with pa.ipc.open_stream(source) as reader:
        table = reader.read_all()
    table.validate(full=True)
elif library == "polars":
    import polars

    table = polars.read_ipc_stream(source).to_arrow()
else:
    import pandas

    with pa.ipc.open_stream(source) as reader:
        frame = reader.read_pandas(types_mapper=pandas.ArrowDtype)
    table = pa.Table.from_pandas(frame, preserve_index=False)

with pa.ipc.new_stream(out, table.schema) as writer:
    writer.write_table(table, max_chunksize=1000)
print(json.dumps({"types": {f.name: str(f.type) for f in table.schema}, "rows": table.num_rows}))
