import type { Batch, Value } from '../../src/engines/batch.ts'
import { batchOf } from '../../src/engines/batch.ts'
import type { Tuple } from '../../src/engines/closures.ts'
import { call, col, type Expr, lit } from '../../src/plan/expr.ts'
import { build, type Node } from '../../src/plan/nodes.ts'
import type { Schema } from '../../src/plan/types.ts'

/** An order: what a shop's table looks like, with nulls where such tables have them. */
export const ORDERS: Schema = [
  { name: 'qty', type: 'int64', nullable: true },
  { name: 'extra', type: 'int64', nullable: false },
  { name: 'price', type: 'float64', nullable: true },
  { name: 'discount', type: 'float64', nullable: false },
  { name: 'delay', type: 'int64', nullable: true },
  { name: 'at', type: 'local timestamp', nullable: false },
  { name: 'city', type: 'string', nullable: true },
]

export const CITIES = ['Seoul', 'Busan', 'INCHEON', 'Daegu', 'Gwangju', '대전', 'Ulsan', 'Jeju', 'SUWON', 'Pohang']
/** Rates by city; some cities have none. */
export const RATES: readonly (readonly [string, number])[] = CITIES.slice(0, 8).map((c, i) => [c, 0.5 + i / 16])
export const NO_RATE = 1

const int = (n: number): Expr => lit(String(n), 'int64')
const total = call('mul', col('qty'), col('price'))

/** Ten ordinary expressions. */
export const ten: Node = build({
  op: 'select',
  input: build({ op: 'scan', from: { kind: 'record' }, schema: ORDERS }),
  columns: [
    ['total', total],
    ['net', call('mul', total, call('sub', lit(1, 'float64'), col('discount')))],
    ['units', call('add', call('mul', col('qty'), int(12)), col('extra'))],
    ['late', call('gt', col('delay'), int(15))],
    [
      'band',
      {
        op: 'case',
        when: [
          [call('gt', col('delay'), int(60)), int(3)],
          [call('gt', col('delay'), int(15)), int(2)],
        ],
        otherwise: int(1),
      },
    ],
    ['hour', call('hour', col('at'))],
    ['weekday', call('weekday', col('at'))],
    [
      'rate',
      {
        op: 'lookup',
        args: [col('city')],
        type: 'float64',
        fallback: NO_RATE,
        table: { keys: RATES.map(([c]) => [c]), values: RATES.map(([, r]) => r) },
      },
    ],
    ['place', call('lower', col('city'))],
    ['letters', call('length', col('city'))],
  ],
})

/** A chain of `n` nodes, derivations with a filter every tenth, as a tool or a long recipe writes it; its constants differ by `seed`. */
export function longPlan(n: number, seed = 0): Node {
  let root: Node = build({ op: 'scan', from: { kind: 'record' }, schema: ORDERS })
  for (let i = 0; i < n; i++) {
    const before = i === 0 ? 'price' : `c${i % 10 === 0 ? i - 2 : i - 1}`
    root =
      i % 10 === 9
        ? build({
            op: 'filter',
            input: root,
            predicate: call('lt', col(before), lit(1e300 * (1 + seed / 1e6), 'float64')),
          })
        : build({
            op: 'derive',
            input: root,
            columns: [
              [
                `c${i}`,
                call('add', call('mul', col(before), lit(i / 8 + seed, 'float64')), col(i % 2 ? 'qty' : 'extra')),
              ],
            ],
          })
  }
  return root
}

/** Made-up orders, the same every time. */
export function orders(n: number): Tuple[] {
  let seed = 12345
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return Math.floor((seed / 4294967296) * below)
  }
  const missing = () => random(20) === 0
  return Array.from({ length: n }, (): Value[] => [
    missing() ? null : BigInt(random(100)),
    BigInt(random(1000)),
    missing() ? null : random(10_000) / 16,
    random(8) / 16,
    missing() ? null : BigInt(random(200) - 60),
    BigInt(1_600_000_000 + random(100_000_000)) * 1_000_000n,
    missing() ? null : (CITIES[random(CITIES.length)] as string),
  ])
}

/** The same as a batch; text as dictionary codes. */
export const orderBatch = (rows: readonly Tuple[]): Batch =>
  batchOf(
    ORDERS,
    rows.map((r) => Object.fromEntries(ORDERS.map((f, i) => [f.name, r[i] as Value]))),
  )
