import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json, jsonConnector } from '../../src/data/connectors/json.ts'
import { snapshotContext } from '../../src/data/connectors/testing/context.ts'
import type { Row } from '../bench.ts'
import { folderOf, made } from '../pipeline/data.ts'
import { type Setting, timed } from './setting.ts'

export const jsonCases = ['json-lines', 'json-array']

const COLUMNS = {
  id: 'int64',
  city: 'string',
  price: 'decimal(9, 2)',
  share: 'float64',
  paid: 'bool',
  at: 'local timestamp',
  note: 'string',
} as const

const RECORDS = `SELECT range AS id, 'city ' || range % 97 AS city, (range % 10000 / 100.0)::DOUBLE AS price, range / 16.0 AS share, range % 3 = 0 AS paid,
  strftime(TIMESTAMP '2026-01-01' + to_minutes(range), '%Y-%m-%d %H:%M:%S') AS at, 'a note with some "words" of ' || range AS note FROM range`

/** A file of 500,000 records made Parquet, values held to their types, beside DuckDB's own reader, which casts as it likes. */
export async function jsonRows(s: Setting): Promise<Row[]> {
  const rows: Row[] = []
  for (const name of jsonCases.filter(s.wanted)) rows.push(await one(s, name))
  return rows
}

async function one(s: Setting, name: string): Promise<Row> {
  const count = s.small ? 2e4 : 5e5
  const array = name === 'json-array'
  const path = await made(join(folderOf(count), `${name}.json`), (to) =>
    s.engine.session(s.context(), (query) =>
      query(`COPY (${RECORDS}(${count})) TO '${to}' (FORMAT json, ARRAY ${array})`),
    ),
  )
  const out = mkdtempSync(join(tmpdir(), 'galley-bench-json-'))
  try {
    const ours = () =>
      s.engine.session(s.context(), (query) =>
        jsonConnector.snapshot(json(path, COLUMNS), path, snapshotContext(query, out)),
      )
    const types = "{id: 'BIGINT', city: 'VARCHAR', price: 'DECIMAL(9, 2)', share: 'DOUBLE', paid: 'BOOLEAN', 'at': 'TIMESTAMP', note: 'VARCHAR'}" // biome-ignore format: one line
    const theirs = () =>
      s.engine.session(s.context(), (query) =>
        query(
          `COPY (SELECT * FROM read_json('${path}', format = '${array ? 'array' : 'newline_delimited'}', columns = ${types})) TO '${join(out, 'peer.parquet')}' (FORMAT parquet, COMPRESSION zstd)`,
        ),
      )
    // by turns, so that what else runs on the machine meets both
    const pairs: Readonly<Record<'galley' | 'peer', { seconds: number; cpu: number }>>[] = []
    for (let k = 0; k < s.runs; k++) pairs.push({ galley: await timed(1, ours), peer: await timed(1, theirs) })
    const at = (side: 'galley' | 'peer', what: 'seconds' | 'cpu') => {
      const all = pairs.map((p) => p[side][what]).sort((a, b) => a - b)
      return all[Math.floor(all.length / 2)] as number
    }
    s.notes.push(
      `${name}: ${count.toLocaleString('en-US')} records, ${(statSync(path).size / 1e6).toFixed(0)} MB; processor seconds Galley ${at('galley', 'cpu').toFixed(1)}, DuckDB ${at('peer', 'cpu').toFixed(1)}`,
    )
    const [galley, peerValue] = [at('galley', 'seconds'), at('peer', 'seconds')]
    return { case: name, peer: 'duckdb read_json', unit: 's', galley, peerValue, ratio: galley / peerValue }
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}
