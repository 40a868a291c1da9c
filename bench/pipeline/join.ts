import { scan } from '../../src/plan/table.ts'
import type { Files, Question, Task } from './question.ts'

const from = (files: Files, name: string) => ({ kind: 'parquet' as const, files: [files[name] ?? ''] })
const x = (f: Files) =>
  scan(from(f, 'x'), {
    id1: 'int32',
    id2: 'int32',
    id3: 'int32',
    id4: 'string',
    id5: 'string',
    id6: 'string',
    v1: 'float64',
  })
const small = (f: Files) =>
  scan(from(f, 'small'), { id1: 'int32', id4: 'string', v2: 'float64' }).rename({ id4: 'small_id4' })
const medium = (f: Files) =>
  scan(from(f, 'medium'), { id1: 'int32', id2: 'int32', id4: 'string', id5: 'string', v2: 'float64' }).rename({
    id1: 'medium_id1',
    id4: 'medium_id4',
  })
const big = (f: Files) =>
  scan(from(f, 'big'), {
    id1: 'int32',
    id2: 'int32',
    id3: 'int32',
    id4: 'string',
    id5: 'string',
    id6: 'string',
    v2: 'float64',
  }).rename({ id1: 'big_id1', id2: 'big_id2', id4: 'big_id4', id5: 'big_id5', id6: 'big_id6' })

/** The five questions about a large table and three others. */
const questions: readonly Question[] = [
  {
    name: 'q1',
    asks: 'small inner on int',
    plan: (f) => x(f).join(small(f), { id1: 'id1' }).node,
    sql: 'SELECT x.*, small.id4 AS small_id4, v2 FROM x JOIN small USING (id1)',
  },
  {
    name: 'q2',
    asks: 'medium inner on int',
    plan: (f) => x(f).join(medium(f).rename({ id5: 'medium_id5' }), { id2: 'id2' }).node,
    sql: 'SELECT x.*, medium.id1 AS medium_id1, medium.id4 AS medium_id4, medium.id5 AS medium_id5, v2 FROM x JOIN medium USING (id2)',
  },
  {
    name: 'q3',
    asks: 'medium outer on int',
    plan: (f) => x(f).join(medium(f).rename({ id5: 'medium_id5' }), { id2: 'id2' }, { how: 'left' }).node,
    sql: 'SELECT x.*, medium.id1 AS medium_id1, medium.id4 AS medium_id4, medium.id5 AS medium_id5, v2 FROM x LEFT JOIN medium USING (id2)',
  },
  {
    name: 'q4',
    asks: 'medium inner on string',
    plan: (f) => x(f).join(medium(f).rename({ id2: 'medium_id2' }), { id5: 'id5' }).node,
    sql: 'SELECT x.*, medium.id1 AS medium_id1, medium.id2 AS medium_id2, medium.id4 AS medium_id4, v2 FROM x JOIN medium USING (id5)',
  },
  {
    name: 'q5',
    asks: 'big inner on int',
    plan: (f) => x(f).join(big(f), { id3: 'id3' }).node,
    sql: 'SELECT x.*, big.id1 AS big_id1, big.id2 AS big_id2, big.id4 AS big_id4, big.id5 AS big_id5, big.id6 AS big_id6, v2 FROM x JOIN big USING (id3)',
  },
]

export const join: Task = {
  name: 'join',
  tables: ['x', 'small', 'medium', 'big'],
  questions,
  peers: ['duckdb', 'polars', 'pandas'],
}
