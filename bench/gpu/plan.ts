import { count, max, mean } from '../../src/plan/aggregates.ts'
import type { Node } from '../../src/plan/nodes.ts'
import { scan } from '../../src/plan/table.ts'

const TYPES = { date: 'local timestamp', delay: 'int64', distance: 'int64', origin: 'string' } as const
/** The columns that the plan reads. */
export const COLUMNS = Object.entries(TYPES)
/** Bytes of a text's code. */
export const TEXTS = 4
/** Rows of the small size. */
export const SMALL = 300_000

/** How often flights leave late in the evening, by airport: possible ones alone. */
export function busy(file: string): Node {
  return scan({ kind: 'parquet', files: [file] }, TYPES)
    .reject((r) => r.delay.lt(-120), 'impossible delay')
    .reject((r) => r.distance.le(0), 'no distance')
    .derive((r) => ({ late: r.delay.gt(15), hour: r.date.hour(), weekday: r.date.weekday() }))
    .filter((r) => r.hour.ge(17).and(r.weekday.le(5)))
    .aggregate(['origin'], (r) => ({ flights: count(), share: mean(r.late), worst: max(r.delay) })).node
}
