"""Keeps every n-th flight, so that a smaller file still covers all six months:  sample.py IN OUT ROWS"""
import sys

import pyarrow.parquet as pq

source, target, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
table = pq.read_table(source)
step = table.num_rows // rows
pq.write_table(table.take(list(range(0, step * rows, step))), target, row_group_size=122_880)
