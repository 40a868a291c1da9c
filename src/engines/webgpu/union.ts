/// <reference types="@webgpu/types" />
import type { Schema } from '../../plan/types.ts'
import { Draft } from './draft.ts'
import type { Recorder } from './recorder.ts'
import { columnOf, countOf, emptyColumns, type Rows } from './rows.ts'
import type { Words } from './table.ts'

/** The rows of one table and then those of another with the same columns. */
export async function union(recorder: Recorder, left: Rows, right: Rows, schema: Schema): Promise<Rows> {
  const most = left.most + right.most
  const count = left.count || right.count ? await added(recorder, left, right) : null
  const pairs = schema.map((field) => [field, columnOf(left, field.name), columnOf(right, field.name)] as const)
  const columns = emptyColumns(
    recorder,
    pairs.map(([field, a, b]) => ({ field, rep: a.rep, nullable: a.validity !== null || b.validity !== null })),
    most,
  )
  for (const [i, [, ...sides]] of pairs.entries()) {
    const column = columns[i]
    if (!column) continue
    for (const [j, side] of sides.entries()) {
      const draft = new Draft()
      const rows = j === 0 ? left : right
      const own = draft.number(countOf(rows))
      const before = j === 0 ? '0u' : draft.number(countOf(left))
      const { v, there } = draft.load(side)('row')
      const store = draft.store(column)('to', v, there)
      await draft.run(recorder, rows.most, `if (row >= ${own}) { return; }\n  let to = row + ${before};\n  ${store}`)
    }
  }
  return { most, count, columns }
}

/** How many rows there are in two tables. */
async function added(recorder: Recorder, left: Rows, right: Rows): Promise<Words> {
  const buffer = recorder.transfers.buffer(1)
  const draft = new Draft()
  const [a, b, to] = [draft.number(countOf(left)), draft.number(countOf(right)), draft.write(buffer)]
  await draft.run(recorder, 1, `if (row == 0u) { ${to}[0] = ${a} + ${b}; }`)
  return { buffer, at: 0 }
}
