import { join } from 'node:path'
import { GalleyError } from '../../../base/errors.ts'
import type { Scope } from '../../../base/scope.ts'
import { file as pathText } from '../../../engines/duckdb/sql/names.ts'
import { type Engines, runPlan } from '../../../engines/plans.ts'
import { build } from '../../../plan/nodes.ts'
import type { Schema } from '../../../plan/types.ts'
import { readIfThere } from '../../../store/files.ts'
import type { Store } from '../../../store/store.ts'
import { parseReference } from '../../../store/tags.ts'
import { recordOf } from './rows.ts'

/** Rows that were set aside, and where. */
export interface SetAside {
  /** What they were set aside by. */
  readonly of: string
  readonly counts: Readonly<Record<string, number>>
  /** Absolute; undefined when no row was kept. */
  readonly file: string | undefined
}

/** What steps leave of rows that they set aside, as the store has it. */
interface StoredOutput {
  readonly rejected?: Readonly<Record<string, number>>
  readonly quarantine?: string | null
}

/**
 * What was set aside under a name: by the version that it names, or else by the newest run of the step (a named table, a
 * source). `within` gives a stored path from the data folder on.
 * @throws DATASET_UNKNOWN
 */
export async function setAsideBy(
  store: Store,
  scope: Scope,
  reference: string,
  within: (path: string) => string,
): Promise<SetAside> {
  const { name, version, tag } = parseReference(reference)
  const at = (path: string | null | undefined) => (path ? join(store.home.path, within(path)) : undefined)
  const dataset = await store.datasets.find(scope, name)
  if (dataset || version !== undefined || tag !== undefined) {
    const found = await store.tags.resolve(scope, reference)
    const { rejected = {}, rejectedFile } = found.details as { rejected?: SetAside['counts']; rejectedFile?: string }
    return { of: `${found.name}@${found.version}`, counts: rejected, file: at(rejectedFile) }
  }
  const step = await store.steps.newest(scope, name)
  if (!step)
    throw new GalleyError('DATASET_UNKNOWN', {
      what: `nothing is known of '${name}'`,
      why: 'no dataset is named so, and no step of a run in this workspace',
      fix: 'name a dataset, or a source or named table of a recipe that was run; galley runs show lists the steps of a run',
    })
  const { rejected = {}, quarantine } = (step.output ?? {}) as StoredOutput
  return { of: `${step.kind} ${name}`, counts: rejected, file: at(quarantine) }
}

/** Some of the rows that were set aside, from one on, as they are kept: their columns are those of the file. */
export async function rejectedPage(
  ctx: Engines,
  { file, ...aside }: SetAside,
  from: number,
  limit: number,
): Promise<{ rows: Record<string, unknown>[]; more: boolean }> {
  if (file === undefined) return { rows: [], more: false }
  const schema = await columnsOf(ctx, { ...aside, file })
  const relation = await runPlan(
    ctx,
    build({ op: 'scan', from: { kind: 'parquet', files: [file] }, schema }),
    'batches',
  )
  const rows: Record<string, unknown>[] = []
  let seen = 0
  for await (const batch of relation.batches()) {
    for (let row = Math.max(0, from - seen); row < batch.rows; row++) {
      if (rows.length === limit) return { rows, more: true }
      rows.push(recordOf(batch, row))
    }
    seen += batch.rows
  }
  return { rows, more: false }
}

/** A file of rows set aside holds texts and counts. @throws STORE_CORRUPT */
async function columnsOf(ctx: Engines, { file, of }: SetAside & { file: string }): Promise<Schema> {
  try {
    const found = await ctx.duckdb.session(ctx, (query) =>
      query(`DESCRIBE SELECT * FROM read_parquet(${pathText(file)}, hive_partitioning = false)`),
    )
    return found.map((c) => ({
      name: String(c['column_name']),
      type: /INT/.test(String(c['column_type'])) ? 'int64' : 'string',
      nullable: true,
    }))
  } catch (cause) {
    const gone = (await readIfThere(file).catch(() => '')) === undefined
    // a backup may bring back somebody who was forgotten
    if (gone && !of.includes('@'))
      throw new GalleyError('STORE_CORRUPT', {
        what: `the rows that ${of} has set aside are no longer kept`,
        why: `${file} is gone: galley clean removed it, or galley datasets forget, as a row in it may have been of the person`,
        fix: 'run the recipe: it reads the source again, and sets aside what it still can not read',
        cause,
      })
    throw new GalleyError('STORE_CORRUPT', {
      what: `the rows that were set aside can't be read from ${file}`,
      why: gone ? 'the file is gone' : cause instanceof Error ? cause.message : String(cause),
      fix: 'restore it from a backup, or run the recipe again',
      cause,
    })
  }
}
