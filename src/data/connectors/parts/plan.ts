import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { throwIfAborted } from '../../../base/errors.ts'
import { file, text } from '../../../engines/duckdb/sql/names.ts'
import { toParquet } from '../../../engines/duckdb/sql/parquet.ts'
import type { Part } from '../connector.ts'
import type { Piece } from './pieces.ts'

type Query = (sql: string) => Promise<Record<string, unknown>[]>

/** Parts that are read together: so many, or so many bytes. */
const MOST_PARTS = 10_000
const MOST_BYTES = 64 << 20

/** What is to be read of a source, and what stands from before. */
export interface PartsPlan {
  /** Pieces of which every part is there unchanged. */
  readonly whole: readonly Piece[]
  /** Parts to read, and how many groups they are read in. */
  readonly count: number
  readonly groups: number
  /** The parts of a group, by their names. */
  group(n: number): Promise<Part[]>
  /** Writes the names and identities of a group's parts. */
  write(n: number, target: string): Promise<void>
}

/**
 * Compares the parts that are there with those that pieces hold. The list passes through a file into the batch engine, which
 * spills: memory does not grow with it.
 */
export async function planParts(
  parts: AsyncIterable<Part>,
  pieces: readonly Piece[],
  temp: string,
  query: Query,
  signal: AbortSignal,
): Promise<PartsPlan> {
  const cell = (s: string) => `"${s.replaceAll('"', '""')}"`
  async function* lines() {
    let block = ''
    for await (const { id, identity, bytes } of parts) {
      throwIfAborted(signal)
      block += `${cell(id)},${cell(identity)},${bytes ?? 0}\n`
      if (block.length > 1 << 16) {
        yield block
        block = ''
      }
    }
    yield block
  }
  try {
    await pipeline(Readable.from(lines()), createWriteStream(temp), { signal })
    const columns = "columns = {'id': 'VARCHAR', 'identity': 'VARCHAR', 'bytes': 'BIGINT'}"
    await query(
      `CREATE OR REPLACE TEMP TABLE listed AS SELECT * FROM read_csv(${file(temp)}, ${columns}, header = false, auto_detect = false, delim = ',', quote = '"', escape = '"', nullstr = ${text('\u0002')}, max_line_size = 1000000, hive_partitioning = false)`,
    )
  } finally {
    await rm(temp, { force: true })
  }
  const held = pieces.flatMap((p, i) => (p.parts ? [[i, p.parts] as const] : []))
  const before = held.map(([i, f]) => `SELECT ${i} AS piece, id, identity FROM read_parquet(${file(f)})`)
  await query(
    `CREATE OR REPLACE TEMP TABLE held AS ${before.join(' UNION ALL ') || "SELECT 0 AS piece, '' AS id, '' AS identity WHERE FALSE"}`,
  )
  const same = '(held.id = listed.id AND held.identity = listed.identity)'
  const stands = await query(
    `SELECT piece FROM held LEFT JOIN listed ON ${same} GROUP BY piece HAVING count(*) = count(listed.id) ORDER BY piece`,
  )
  const places = stands.map((r) => Number(r['piece']))
  const known = `SELECT id, identity FROM held WHERE piece IN (${places.join(', ') || '-1'})`
  const size = `(row_number() OVER (ORDER BY id) - 1) // ${MOST_PARTS} AS a, sum(bytes) OVER (ORDER BY id) // ${MOST_BYTES} AS b`
  await query(
    `CREATE OR REPLACE TEMP TABLE grouped AS SELECT id, identity, bytes, dense_rank() OVER (ORDER BY a, b) - 1 AS g
     FROM (SELECT *, ${size} FROM (SELECT * FROM listed ANTI JOIN (${known}) AS known USING (id, identity)))`,
  )
  const [all] = await query('SELECT count(*) AS n, coalesce(max(g) + 1, 0) AS groups FROM grouped')
  const within = (n: number) => `FROM grouped WHERE g = ${n} ORDER BY id`
  return {
    whole: places.map((i) => pieces[i] as Piece),
    count: Number(all?.['n'] ?? 0),
    groups: Number(all?.['groups'] ?? 0),
    async group(n) {
      const rows = await query(`SELECT id, identity, bytes ${within(n)}`)
      return rows.map((r) => ({ id: String(r['id']), identity: String(r['identity']), bytes: Number(r['bytes']) }))
    },
    async write(n, target) {
      await query(`COPY (SELECT id, identity ${within(n)}) ${toParquet(target)}`)
    },
  }
}
