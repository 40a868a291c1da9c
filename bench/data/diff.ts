import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diffVersions } from '../../src/data/datasets/diff/diff.ts'
import { MANIFEST_FORMAT, type Manifest } from '../../src/data/datasets/manifest.ts'
import type { Version } from '../../src/data/datasets/version.ts'
import { median, type Row } from '../bench.ts'
import type { Setting } from './setting.ts'

/** What two versions of ten million rows may take, s. */
const BAR = 15

/** 50,000 rows go, 50,000 come, one in a hundred of the others changes; no file is shared. */
const SQL = (from: number, rows: number, changed: boolean) => `SELECT i AS id,
  ${changed ? 'CASE WHEN i % 100 = 3 THEN 7 ELSE i % 1000 END' : 'i % 1000'} AS a, (i * 7919) % 100000 / 16.0 AS b,
  'c' || (i % 50) AS c, TIMESTAMP '2020-01-01' + INTERVAL (i) SECOND AS t FROM range(${from}, ${from + rows}) r(i)`

export const diffCases = ['diff-1e7']

/** The median time of a diff by key, beside the bar. */
export async function diffRows({ engine, context, wanted, runs, small, say, notes }: Setting): Promise<Row[]> {
  if (!wanted('diff-1e7')) return []
  const rows = small ? 100_000 : 10_000_000
  const moved = rows / 200
  const folder = mkdtempSync(join(tmpdir(), 'galley-bench-diff-'))
  const ctx = context()
  try {
    const version = async (name: string, from: number, changed: boolean): Promise<Version> => {
      mkdirSync(join(folder, name))
      const path = join(folder, name, 'data.parquet')
      await engine.session(ctx, (query) =>
        query(
          `COPY (${SQL(from, rows, changed)}) TO '${path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 61440)`,
        ),
      )
      const schema: Manifest['schema'] = [
        { name: 'id', type: 'int64', nullable: true },
        { name: 'a', type: 'int64', nullable: true },
        { name: 'b', type: 'float64', nullable: true },
        { name: 'c', type: 'string', nullable: true },
        { name: 't', type: 'local timestamp', nullable: true },
      ]
      const { size: bytes } = statSync(path)
      const manifest: Manifest = {
        ...{ format: MANIFEST_FORMAT, name: 'bench', schema, rows, bytes, partitionBy: [], key: ['id'], batches: [] },
        files: [{ path: 'data.parquet', rows, bytes, sha256: name }],
        write: { mode: 'full', base: null, batch: null },
        ...{ fieldIds: {}, split: null, moment: null, planHash: '', codeHash: '', parents: [], run: '', created: '' },
      }
      return { manifest, folder: join(folder, name) }
    }
    say(`  making two versions of ${rows.toLocaleString('en-US')} rows`)
    const both = [await version('a', 0, false), await version('b', moved, true)] as const
    const took: number[] = []
    const cpu: number[] = []
    let found = ''
    for (let i = 0; i < runs; i++) {
      const began = performance.now()
      const used = process.cpuUsage()
      const { rows: by } = await diffVersions(engine, ctx, both, ['id'], () => {})
      took.push((performance.now() - began) / 1000)
      const { user, system } = process.cpuUsage(used)
      cpu.push((user + system) / 1e6)
      found = `${by?.added} added, ${by?.removed} removed, ${by?.changed} changed`
      say(`  diff ${took.at(-1)?.toFixed(1)} s`)
    }
    const galley = median(took)
    notes.push(
      `diff-1e7: ${found}; distributions of five columns among it; ${median(cpu).toFixed(1)} processor seconds`,
    )
    return [{ case: 'diff-1e7', peer: 'the bar', unit: 's', galley, peerValue: BAR, ratio: galley / BAR }]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
