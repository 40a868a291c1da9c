"""Reads a version as pyiceberg does: `iceberg.py METADATA [COLUMN LEAST]`. Prints rows, types and files read as JSON."""

import json
import sys

from pyiceberg.table import StaticTable

metadata, *condition = sys.argv[1:]
table = StaticTable.from_metadata(metadata)
scan = table.scan(row_filter=f"{condition[0]} >= {condition[1]}") if condition else table.scan()
arrow = scan.to_arrow()
print(
    json.dumps(
        {
            "ids": {f.name: f.field_id for f in table.schema().fields},
            "types": {f.name: str(f.type) for f in arrow.schema},
            "files": len(list(scan.plan_files())),
            "rows": arrow.to_pylist(),
        },
        default=str,
    )
)
