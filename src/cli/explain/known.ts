import { glob, open, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readConfig } from '../../base/config.ts'
import { GalleyError } from '../../base/errors.ts'
import type { SourceSpec } from '../../data/connectors/connector.ts'
import { connector, pathOf } from '../../data/connectors/index.ts'
import { keysOf, piecesWithin } from '../../data/connectors/json/within.ts'
import { type Manifest, readManifest } from '../../data/datasets/manifest.ts'
import type { DuckdbEngine } from '../../engines/duckdb/index.ts'
import { file as pathText } from '../../engines/duckdb/sql/names.ts'
import type { RunContext } from '../../engines/engine.ts'
import type { RowCount } from '../../plan/explain/estimate.ts'
import type { Plan } from '../../plan/nodes.ts'
import { hashPlan } from '../../plan/walk.ts'
import { specChanges } from '../../runs/because.ts'
import type { DatasetSpec, Step } from '../../runs/specs.ts'
import { readIfThere } from '../../store/files.ts'

/** Bytes of a text file whose lines are measured. */
const SAMPLE = 65_536
/** Records of an array whose size is measured. */
const SAMPLE_RECORDS = 1000

/** Connectors of files whose rows can be told, or estimated, without reading them. */
const TEXTS: readonly string[] = ['parquet', 'csv', 'json']

/** What is known of a source without reading it: a Parquet file says its rows, of a text file they are estimated. */
export async function sourceRows(
  step: Step<SourceSpec>,
  folder: string,
  duckdb: DuckdbEngine,
  ctx: RunContext,
): Promise<{ rows: RowCount; bytes: number } | undefined> {
  const { spec } = step
  // what is generated says how much
  if (spec.connector === 'generate') return { rows: { rows: Number(spec.options['rows']), exact: true }, bytes: 0 }
  const path = pathOf(await connector(spec.connector), spec, folder)
  const info = await stat(path).catch(() => undefined)
  if (!info?.isFile() || !TEXTS.includes(spec.connector)) return undefined
  const bytes = info.size
  if (spec.connector === 'parquet') {
    const [row] = await duckdb.session(ctx, (query) =>
      query(`SELECT sum(num_rows) AS n FROM parquet_file_metadata(${pathText(path)})`),
    )
    return { rows: { rows: Number(row?.['n']), exact: true }, bytes }
  }
  const { at } = spec.options
  if (spec.connector === 'json' && at !== undefined) {
    const rows = await rowsWithin(path, bytes, keysOf(at), ctx)
    return rows && { rows, bytes }
  }
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SAMPLE), 0, SAMPLE, 0)
    const lines = buffer.subarray(0, bytesRead).toString('latin1').split('\n').length
    return {
      rows: { rows: Math.max(0, Math.round((lines * bytes) / Math.max(1, bytesRead)) - 1), exact: false },
      bytes,
    }
  } finally {
    await file.close()
  }
}

/** Bytes of a JSON within which its records are looked for. */
const MOST_BEFORE = 16 << 20

/** Records of an array within a JSON: counted where it is short, otherwise by the size of the first ones. */
async function rowsWithin(
  path: string,
  bytes: number,
  keys: readonly string[],
  { signal }: RunContext,
): Promise<RowCount | undefined> {
  let [records, measured, depth, inText, escaped] = [0, 0, 0, false, false]
  try {
    for await (const piece of piecesWithin(path, path, keys, signal, MOST_BEFORE)) {
      for (const byte of piece.bytes) {
        measured++
        if (inText) {
          if (escaped) escaped = false
          else if (byte === 0x5c) escaped = true
          else if (byte === 0x22) inText = false
        } else if (byte === 0x22) inText = true
        else if (byte === 0x5b || byte === 0x7b) depth++
        else if ((byte === 0x5d || byte === 0x7d) && --depth === 1) records++
      }
      if (piece.ended) return { rows: records, exact: true }
      if (records >= SAMPLE_RECORDS)
        return { rows: Math.round((records * (bytes - piece.from)) / measured), exact: false }
    }
  } catch (error) {
    if (!(error instanceof GalleyError && error.code === 'SOURCE_BROKEN')) throw error
  }
  return undefined
}

export interface Kept {
  readonly manifest: Manifest
  readonly folder: string
  /** Whether it was made by the plan as it is now. */
  readonly samePlan: boolean
  /** What of its plan is not as it is now; none where it was not kept. */
  readonly changes: readonly string[]
  /** A source whose rows may be others by now: a file that was written to since the run that made it began, or no file. */
  readonly changed: string | undefined
  /** The partition that is asked about, of a recipe that is run partition by partition. */
  readonly partition?: string | undefined
}

/** The newest table that the data folder keeps under a step's name, one made by the same plan first; `sources` are the places that it is made of. */
export async function keptTable(
  name: string,
  now: Plan,
  sources: readonly string[],
  spec?: Pick<DatasetSpec, 'split' | 'moment'>,
  partition?: string,
): Promise<Kept | undefined> {
  const planHash = hashPlan(now)
  let best: Omit<Kept, 'changes'> | undefined
  for await (const file of glob(join(readConfig().home, 'datasets', '*', name, '*', 'manifest.json'))) {
    const text = await readIfThere(file)
    if (text === undefined) continue
    const manifest = readManifest(text, file)
    const kept = { manifest, folder: dirname(file), samePlan: manifest.planHash === planHash, changed: undefined }
    const better =
      !best || Number(kept.samePlan) - Number(best.samePlan) || Number(manifest.created > best.manifest.created)
    if (better === true || (better as number) > 0) best = kept
  }
  if (!best) return undefined
  const changed = await writtenSince(Date.parse(best.manifest.created), sources)
  const { plan, split, moment } = best.manifest
  const beside = spec ? specChanges({ split, moment }, { split: spec.split, moment: spec.moment }) : []
  const own = plan && !best.samePlan ? specChanges({ plan }, { plan: now }) : []
  const samePlan = best.samePlan && beside.length === 0
  // what another partition had says nothing of this one
  return { ...best, samePlan, changed, partition, changes: partition === undefined ? [...own, ...beside] : [] }
}

/** The first file that is gone or was written to, or moved to its place, after a moment (ms since 1970). */
async function writtenSince(moment: number, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const info = await stat(path).catch(() => undefined)
    if (!info || Math.max(info.mtimeMs, info.ctimeMs) > moment) return path
  }
  return undefined
}
