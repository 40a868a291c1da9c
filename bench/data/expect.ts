import { checkExpectations } from '../../src/data/quality/check.ts'
import { expectations, expectOf } from '../../src/data/quality/expect.ts'
import { oneScan } from '../../src/data/quality/scan.ts'
import { valueAt } from '../../src/engines/batch.ts'
import { isGaps } from '../../src/engines/engine.ts'
import { rowOf } from '../../src/plan/columns/column.ts'
import { hours } from '../../src/plan/durations.ts'
import { type Node, plan } from '../../src/plan/nodes.ts'
import { BenchError, type Row } from '../bench.ts'
import { ORDERS, orders } from './orders.ts'
import { type Setting, timed } from './setting.ts'

/** Seconds that twenty expectations of ten million rows may take. */
const BAR = 3
export const expectCases = ['expect-1e7']

/** Twenty expectations of the orders: keys, nulls, ranges, sets, patterns, lengths, relations, freshness, volume, schema. */
export async function expectRows(s: Setting): Promise<Row[]> {
  if (!s.wanted('expect-1e7')) return []
  const count = s.small ? 1e5 : 1e7
  const t = await orders(s, count)
  const r = rowOf<typeof ORDERS>(t.schema, 'expect')
  const e = expectOf<typeof ORDERS>(t.schema)
  const list = expectations([
    e.key('id'),
    e.notNull(r.at),
    e.notNull(r.price, { mostly: 0.97 }),
    e.notNull(r.qty, { mostly: 0.97 }),
    e.notNull(r.delay, { mostly: 0.97 }),
    e.range(r.price, { min: 0, max: 500 }),
    e.range(r.qty, { min: 1, max: 20 }),
    e.range(r.discount, { min: 0, max: 0.5 }),
    e.range(r.weight, { min: 0, max: 30 }),
    e.range(r.delay, { min: -60, max: 139 }),
    e.oneOf(r.city, ['seoul', 'busan', 'incheon', 'daegu', 'gwangju', '대전', 'ulsan', 'jeju', 'suwon', 'pohang']),
    e.pattern(r.product, '^P[0-9]{5}$'),
    e.length(r.note, { min: 10, max: 30 }),
    e.length(r.city, { min: 2, max: 10 }),
    e.range(r.at, { min: '2020-09-13' }),
    e.ordered(r.discount, r.qty),
    e.sum([r.price, r.weight], r.price, { tolerance: 30.001 }),
    e.fresh('at', hours(24 * 3650)),
    e.volume({ min: count, max: count }),
    e.schema({ ...ORDERS }),
  ])
  const { engine, context } = s
  const collect = async (n: Node) => {
    const prepared = engine.prepare(plan(n))
    if (isGaps(prepared)) throw new Error('a gap')
    const found = []
    for await (const b of (await prepared.run(context(), 'batches')).batches())
      for (let i = 0; i < b.rows; i++)
        found.push(Object.fromEntries(b.columns.map((c, k) => [b.schema[k]?.name ?? '', valueAt(c, i)])))
    return found
  }
  const prepared = engine.prepare(plan(oneScan(t.node, list, new Map()).plan))
  const scans = isGaps(prepared) ? 0 : (prepared.explain().match(/read_parquet/g)?.length ?? 0)
  const known = { started: Date.UTC(2026, 0, 1), formerRows: [], former: undefined, aside: {} }
  const check = async () => {
    const { verdicts } = await checkExpectations(t.node, list, known, collect)
    const broken = verdicts.filter((v) => !v.passed)
    if (broken.length > 0)
      throw new BenchError('an expectation of the benchmark does not hold', {
        why: broken.map((v) => `${v.title}: ${v.failed}`).join('; '),
        fix: 'correct it',
      })
  }
  await check()
  const { seconds, cpu } = await timed(Math.max(3, s.runs), check)
  s.notes.push(
    `expect-1e7: ${list.length} expectations of ${count.toLocaleString('en-US')} × ${t.schema.length}, read_parquet in the SQL: ${scans}, processor seconds ${cpu.toFixed(2)}`,
  )
  return [{ case: 'expect-1e7', peer: 'the bar', unit: 's', galley: seconds, peerValue: BAR, ratio: seconds / BAR }]
}
