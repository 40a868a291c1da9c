import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ipcStream, readIpc } from '../../src/engines/arrow/index.ts'
import { type Batch, type Value, valueAt } from '../../src/engines/batch.ts'
import { createDuckdbEngine } from '../../src/engines/duckdb/index.ts'
import { isGaps } from '../../src/engines/engine.ts'
import { createLedger } from '../../src/engines/ledger.ts'
import type { Literal } from '../../src/plan/expr.ts'
import { build, plan } from '../../src/plan/nodes.ts'
import type { Schema } from '../../src/plan/types.ts'

const python = process.env['GALLEY_INTEROP_PYTHON'] ?? ''
const folder = mkdtempSync(join(tmpdir(), 'galley-interop-'))
const duckdb = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(folder, 'temp') })
afterAll(async () => {
  await duckdb.close()
  rmSync(folder, { recursive: true, force: true })
})

const SCHEMA: Schema = [
  { name: 'b', type: 'bool', nullable: true },
  { name: 'i', type: 'int32', nullable: true },
  { name: 'l', type: 'int64', nullable: true },
  { name: 'f', type: 'float32', nullable: true },
  { name: 'd', type: 'float64', nullable: true },
  { name: 'm', type: { decimal: [18, 4] }, nullable: true },
  { name: 's', type: 'string', nullable: true },
  { name: 'a', type: 'date', nullable: true },
  { name: 't', type: 'timestamp', nullable: true },
  { name: 'w', type: 'local timestamp', nullable: true },
  { name: 'u', type: 'duration', nullable: true },
  { name: 'v', type: { list: 'int64' }, nullable: true },
]
const words = ['김치', 'é', '🥬 long enough not to lie in the vector', '', 'a']
const ROWS: Literal[][] = Array.from({ length: 5000 }, (_, i) =>
  [
    i % 2 === 0,
    i - 2500,
    String(BigInt(i) * 900719925474099n),
    i / 16,
    i * 1e200,
    ((i - 2500) / 16).toFixed(4),
    words[i % words.length] as string,
    i - 2500,
    String(i * 1_234_567),
    String(-i * 1_234_567),
    String(i),
    i % 7 === 0 ? [] : [String(i), null],
  ].map((v, c) => ((i + c) % 11 === 0 ? null : v)),
)

const valuesOf = (batches: Iterable<Batch>): Value[][] => {
  const rows: Value[][] = []
  for (const b of batches) for (let i = 0; i < b.rows; i++) rows.push(b.columns.map((c) => valueAt(c, i)))
  return rows
}

describe('Arrow IPC: what DuckDB gives Galley, read and written again by others, comes back the same', () => {
  test.each(['pyarrow', 'polars', 'pandas'])('%s', async (library) => {
    const n = build({ op: 'scan', from: { kind: 'rows', rows: ROWS }, schema: SCHEMA })
    const prepared = duckdb.prepare(plan(n))
    if (isGaps(prepared)) throw new Error('a gap')
    const ledger = createLedger()
    const ctx = { scope: { workspace: 't', caller: 't' }, signal: new AbortController().signal, ledger }
    const relation = await prepared.run(ctx, 'batches')
    const [into, out] = [join(folder, `${library}-in.arrows`), join(folder, `${library}-out.arrows`)]
    const pieces: Buffer[] = []
    for await (const piece of ipcStream(relation, ledger)) pieces.push(Buffer.from(piece))
    writeFileSync(into, Buffer.concat(pieces))
    const told = execFileSync(python, [join(import.meta.dirname, 'arrow.py'), library, into, out], { encoding: 'utf8' })
    expect(JSON.parse(told)).toMatchObject({
      rows: ROWS.length,
      types: {
        i: 'int32',
        d: 'double',
        t: expect.stringContaining('timestamp[us, tz=UTC]'),
        w: 'timestamp[us]',
        u: 'duration[us]',
      },
    })
    const back = readIpc(new Uint8Array(readFileSync(out)), createLedger())
    const want: Value[][] = []
    for await (const b of relation.batches()) want.push(...valuesOf([b]))
    expect(back.schema.map((f) => [f.name, f.type])).toEqual(
      SCHEMA.map((f) => [f.name, library === 'polars' && f.name === 'm' ? back.schema[5]?.type : f.type]),
    )
    expect(valuesOf(back.batches())).toEqual(want)
  })
})
