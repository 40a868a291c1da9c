import { corr, count, max, mean, min, quantile, rowNumber, stddev, sum } from '../../src/plan/aggregates.ts'
import { scan } from '../../src/plan/table.ts'
import type { Files, Question, Task } from './question.ts'

const x = (files: Files) =>
  scan(
    { kind: 'parquet', files: [files['x'] ?? ''] },
    {
      id1: 'string',
      id2: 'string',
      id3: 'string',
      id4: 'int32',
      id5: 'int32',
      id6: 'int32',
      v1: 'int32',
      v2: 'int32',
      v3: 'float64',
    },
  )

/** The ten questions about one table. An integer sum is a BIGINT on both sides; DuckDB's own HUGEINT has no place in Parquet. */
const questions: readonly Question[] = [
  {
    name: 'q1',
    asks: 'sum v1 by id1',
    plan: (f) => x(f).aggregate(['id1'], (r) => ({ v1: sum(r.v1) })).node,
    sql: 'SELECT id1, sum(v1)::BIGINT AS v1 FROM x GROUP BY id1',
  },
  {
    name: 'q2',
    asks: 'sum v1 by id1, id2',
    plan: (f) => x(f).aggregate(['id1', 'id2'], (r) => ({ v1: sum(r.v1) })).node,
    sql: 'SELECT id1, id2, sum(v1)::BIGINT AS v1 FROM x GROUP BY id1, id2',
  },
  {
    name: 'q3',
    asks: 'sum v1, mean v3 by id3',
    plan: (f) => x(f).aggregate(['id3'], (r) => ({ v1: sum(r.v1), v3: mean(r.v3) })).node,
    sql: 'SELECT id3, sum(v1)::BIGINT AS v1, avg(v3) AS v3 FROM x GROUP BY id3',
  },
  {
    name: 'q4',
    asks: 'mean v1, v2, v3 by id4',
    plan: (f) => x(f).aggregate(['id4'], (r) => ({ v1: mean(r.v1), v2: mean(r.v2), v3: mean(r.v3) })).node,
    sql: 'SELECT id4, avg(v1) AS v1, avg(v2) AS v2, avg(v3) AS v3 FROM x GROUP BY id4',
  },
  {
    name: 'q5',
    asks: 'sum v1, v2, v3 by id6',
    plan: (f) => x(f).aggregate(['id6'], (r) => ({ v1: sum(r.v1), v2: sum(r.v2), v3: sum(r.v3) })).node,
    sql: 'SELECT id6, sum(v1)::BIGINT AS v1, sum(v2)::BIGINT AS v2, sum(v3) AS v3 FROM x GROUP BY id6',
  },
  {
    name: 'q6',
    asks: 'median and deviation of v3 by id4, id5',
    plan: (f) => x(f).aggregate(['id4', 'id5'], (r) => ({ median_v3: quantile(r.v3, 0.5), sd_v3: stddev(r.v3) })).node,
    sql: 'SELECT id4, id5, quantile_cont(v3, 0.5) AS median_v3, stddev(v3) AS sd_v3 FROM x GROUP BY id4, id5',
  },
  {
    name: 'q7',
    asks: 'max v1 − min v2 by id3',
    plan: (f) =>
      x(f)
        .aggregate(['id3'], (r) => ({ high: max(r.v1), low: min(r.v2) }))
        .derive((r) => ({ range_v1_v2: r.high.minus(r.low) }))
        .select('id3', 'range_v1_v2').node,
    sql: 'SELECT id3, max(v1) - min(v2) AS range_v1_v2 FROM x GROUP BY id3',
  },
  {
    name: 'q8',
    asks: 'largest two v3 by id6',
    plan: (f) =>
      x(f)
        .select('id6', 'v3')
        .filter((r) => r.v3.isNull().not())
        .window({ by: 'id6', order: { by: 'v3', descending: true } }, () => ({ place: rowNumber() }))
        .filter((r) => r.place.le(2))
        .select('id6', 'v3').node,
    sql: 'SELECT id6, v3 FROM (SELECT id6, v3, row_number() OVER (PARTITION BY id6 ORDER BY v3 DESC) AS place FROM x WHERE v3 IS NOT NULL) WHERE place <= 2',
  },
  {
    name: 'q9',
    asks: 'corr² of v1 and v2 by id2, id4',
    plan: (f) =>
      x(f)
        .aggregate(['id2', 'id4'], (r) => ({ r: corr(r.v1, r.v2) }))
        .derive((r) => ({ r2: r.r.pow(2) }))
        .select('id2', 'id4', 'r2').node,
    sql: 'SELECT id2, id4, pow(corr(v1, v2), 2) AS r2 FROM x GROUP BY id2, id4',
  },
  {
    name: 'q10',
    asks: 'sum v3, count by id1 … id6',
    plan: (f) =>
      x(f).aggregate(['id1', 'id2', 'id3', 'id4', 'id5', 'id6'], (r) => ({ v3: sum(r.v3), count: count() })).node,
    sql: 'SELECT id1, id2, id3, id4, id5, id6, sum(v3) AS v3, count(*) AS count FROM x GROUP BY id1, id2, id3, id4, id5, id6',
  },
]

export const groupby: Task = { name: 'groupby', tables: ['x'], questions, peers: ['duckdb', 'polars', 'pandas'] }
