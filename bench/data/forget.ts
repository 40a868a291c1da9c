import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileWithout } from '../../src/data/datasets/forget/rows.ts'
import type { DataFile } from '../../src/data/datasets/manifest.ts'
import { workOf } from '../../src/data/datasets/work.ts'
import { median, type Row } from '../bench.ts'
import type { Setting } from './setting.ts'

/** What deleting a person from a file of ten million rows may take, s. */
const BAR = 10

export const forgetCases = ['forget-1e7', 'tombstone-read-1e7']

/**
 * Deleting a person's rows from one file of ten million (looked for, written anew, measured and hashed), and what a tombstone would cost each
 * read instead: the same aggregate by a million keys with the rows of twenty persons hidden, by a salted hash as suppressions keep it, beside without.
 */
export async function forgetRows({ engine, context, wanted, runs, small, say, notes }: Setting): Promise<Row[]> {
  if (!forgetCases.some(wanted)) return []
  const rows = small ? 100_000 : 10_000_000
  const folder = mkdtempSync(join(tmpdir(), 'galley-bench-forget-'))
  const ctx = context()
  const path = join(folder, 'data.parquet')
  const query = (sql: string) => engine.session(ctx, (q) => q(sql))
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const began = performance.now()
    await work()
    return (performance.now() - began) / 1000
  }
  try {
    say(`  making ${rows.toLocaleString('en-US')} rows`)
    await query(`COPY (SELECT i AS id, (i * 7919) % 1000003 AS person, i % 1000 AS a, 'c' || (i % 50) AS c
      FROM range(${rows}) r(i)) TO '${path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 61440)`)
    const file: DataFile = { path: 'data.parquet', rows, bytes: 0, sha256: '' }
    const schema = (['id', 'person', 'a'] as const).map((name) => ({ name, type: 'int64' as const, nullable: true }))
    const work = workOf({ ...ctx, duckdb: engine })
    const took: number[] = []
    const out: Row[] = []
    if (wanted('forget-1e7')) {
      for (let i = 0; i < runs; i++) {
        const person = { column: 'person', value: String(5 + i) }
        const about = {
          file,
          folder,
          schema: [...schema, { name: 'c', type: 'string' as const, nullable: true }],
          person,
        }
        took.push(
          await timed(() => fileWithout(work, { ...about, name: 'kept.parquet', to: join(folder, 'kept.parquet') })),
        )
        say(`  deleted in ${took.at(-1)?.toFixed(1)} s`)
      }
      const galley = median(took)
      out.push({ case: 'forget-1e7', peer: 'the bar', unit: 's', galley, peerValue: BAR, ratio: galley / BAR })
    }
    if (wanted('tombstone-read-1e7')) {
      const hashes = await query(`SELECT sha256(concat('salt:', p::VARCHAR)) AS h FROM range(20) r(p)`)
      const hidden = `sha256(concat('salt:', person::VARCHAR)) NOT IN (${hashes.map((r) => `'${String(r['h'])}'`).join(', ')})`
      const plain: number[] = []
      const hashed: number[] = []
      const read = (where: string) =>
        query(`SELECT count(*) AS n FROM (SELECT person, sum(a) FROM read_parquet('${path}') ${where} GROUP BY 1)`)
      for (let i = 0; i < runs; i++) {
        plain.push(await timed(() => read('')))
        hashed.push(await timed(() => read(`WHERE ${hidden}`)))
        say(`  read in ${plain.at(-1)?.toFixed(2)} s, with twenty hidden in ${hashed.at(-1)?.toFixed(2)} s`)
      }
      const [galley, peerValue] = [median(hashed), median(plain)]
      notes.push('tombstone-read-1e7: what every read of a dataset would take more; deletion is paid once')
      out.push({ case: 'tombstone-read-1e7', peer: 'the read without', unit: 's', galley, peerValue, ratio: galley / peerValue }) // biome-ignore format: one line
    }
    return out
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
