import { mkdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { hashJson } from '../../base/hash.ts'
import { folderOf, intact, type KeptFile, publishFolder } from '../../data/datasets/files.ts'
import {
  contentHash,
  MANIFEST,
  MANIFEST_FORMAT,
  type Manifest,
  numbered,
  type RejectedFile,
  type WriteMode,
} from '../../data/datasets/manifest.ts'
import { place, publishVersion } from '../../data/datasets/publish.ts'
import { filesOf, openVersion, type Version } from '../../data/datasets/version.ts'
import { workOf } from '../../data/datasets/work.ts'
import { isContained, type WriteSpec, type Written, written } from '../../data/datasets/write/write.ts'
import type { Verdict } from '../../data/quality/expectation.ts'
import type { MadeFrom, NewDatasetVersion } from '../../store/datasets.ts'
import { codeHash } from '../code.ts'
import { lineage, planKept, stepOf, wholePlan } from '../inline.ts'
import type { Output, StepContext } from '../kind.ts'
import type { DatasetSpec } from '../specs.ts'
import type { Computed } from './rows.ts'
import type { TableOutput } from './table.ts'

const FULL: WriteSpec = { mode: 'full', partitionBy: [], key: [] }

/** The version that a write goes on from. */
export interface Base extends Version {
  readonly version: number
  readonly from: Required<MadeFrom>
  readonly hash: string
}

/** A version that is not published yet. */
export interface Draft {
  readonly mode: WriteMode
  readonly base: Base | undefined
  /** The rows are in the base already: nothing is to be published. */
  readonly contained: boolean
  /** The version as it can be read before it is published. */
  readonly checked: TableOutput
  readonly manifest: Manifest
  /** Files of the manifest that are new, by their name in its folder. */
  readonly made: ReadonlyMap<string, string>
  /** The version's row in the store. */
  record(table: TableOutput, verdicts: readonly Verdict[]): NewDatasetVersion
}

/** The newest version; one that can't be read stops a write that goes on from it, and not one of the whole. */
export async function newestOf(ctx: StepContext<DatasetSpec>, spec: DatasetSpec): Promise<Base | undefined> {
  const newest = await ctx.store.datasets.find(ctx.scope, ctx.step.id)
  if (!newest) return undefined
  try {
    const opened = await openVersion(join(ctx.store.home.datasets, newest.path))
    const { version, path, hash } = newest
    return { ...opened, version, hash, from: { version, path } }
  } catch (error) {
    const whole = (spec.write ?? FULL).mode === 'full'
    if (whole && error instanceof GalleyError && error.code === 'STORE_CORRUPT') return undefined
    throw error
  }
}

/** What a write makes of computed rows and the version before. @throws DATASET_SCHEMA, DATASET_KEYS, DATASET_PARTITIONS, STORE_CORRUPT */
export async function draftVersion(
  ctx: StepContext<DatasetSpec>,
  computed: Computed,
  base: Base | undefined,
): Promise<Draft> {
  const { spec, id } = ctx.step
  const write = spec.write ?? FULL
  const { data: file, schema, before } = computed
  const rows = { file, rows: computed.rows, schema, ...(before === undefined ? {} : { before }) }
  const contained = isContained(id, write, rows, base)
  if (base && write.mode !== 'full') await requireWhole(id, base)
  if (contained && base) return containedIn(ctx, computed, base, write.mode)
  const draft = ctx.store.home.tmp.file('.write')
  await mkdir(draft, { recursive: true })
  const made = await written(workOf(ctx), id, { spec: write, rows, base, moment: spec.moment, draft })
  const manifest = manifestOf(ctx, computed, made, base)
  const fresh = new Map(made.files.flatMap((f) => (f.from === undefined ? [] : [[f.path, f.from] as const])))
  if (computed.aside) fresh.set('rejected.parquet', computed.aside.path)
  const madeFrom = versionsIn(ctx)
  const from = (path: string) => fresh.get(path) ?? join(base?.folder ?? '', path)
  const checked = outputOf(
    computed.rejected,
    manifest,
    draft,
    manifest.files.map((f) => ({ ...f, path: from(f.path) })),
  )
  return {
    ...{ mode: write.mode, base, contained: false, checked, manifest, made: fresh },
    record: (table, verdicts) => ({
      ...{ name: id, rows: manifest.rows, bytes: manifest.bytes, schema: manifest.schema, hash: table.hash },
      path: relative(ctx.store.home.datasets, join(table.folder, MANIFEST)),
      parents: manifest.parents,
      details: {
        split: manifest.split,
        rejected: table.rejected,
        ...(table.quarantine ? { rejectedFile: relative(ctx.store.home.path, table.quarantine) } : {}),
        verdicts,
        ...(madeFrom.length > 0 ? { from: madeFrom } : {}),
        ...(spec.write ? { write: { mode: write.mode, rows: computed.rows, base: base?.version ?? null } } : {}),
      },
      ...{ run: ctx.run.id, step: id },
    }),
  }
}

/** @throws STORE_CORRUPT where a file that would be shared is not as it was written */
async function requireWhole(name: string, base: Base): Promise<void> {
  for (const file of filesOf(base))
    if (!(await intact([file])))
      throw new GalleyError('STORE_CORRUPT', {
        what: `${file.path}, a file of ${name}@${base.version}, is not as it was written`,
        why: 'what goes on from this version would go on from a damaged one',
        fix: "restore it from a backup, or publish the whole anew: { write: 'full' }",
        details: { file: file.path },
      })
}

function manifestOf(
  ctx: StepContext<DatasetSpec>,
  computed: Computed,
  made: Written,
  base: Base | undefined,
): Manifest {
  const { spec, id } = ctx.step
  const write = spec.write ?? FULL
  const { aside } = computed
  const rejected: RejectedFile | undefined = aside && { ...aside, path: 'rejected.parquet' }
  const sum = (of: (f: Manifest['files'][number]) => number) => made.files.reduce((n, f) => n + of(f), 0)
  return {
    ...{ format: MANIFEST_FORMAT, name: id, schema: made.schema, rows: sum((f) => f.rows), bytes: sum((f) => f.bytes) },
    files: made.files.map(({ from: _, ...file }) => file),
    ...(rejected ? { rejected } : {}),
    ...{ partitionBy: write.partitionBy, key: write.key, batches: made.batches },
    write: { mode: write.mode, base: write.mode === 'full' ? null : (base?.hash ?? null), batch: made.batch },
    fieldIds: numbered(made.schema, base?.manifest.fieldIds),
    ...{ split: spec.split, moment: spec.moment },
    ...planKept(wholePlan(ctx.recipe, id)),
    codeHash: codeHash(import.meta.url),
    parents: ctx.step.inputs.map((step) => ({ step, hash: ctx.input(step).hash })),
    ...{ run: ctx.run.id, created: new Date(ctx.started).toISOString() },
  }
}

/** A version as the steps that read it have it. */
function outputOf(
  rejected: Computed['rejected'],
  manifest: Manifest,
  folder: string,
  files: readonly KeptFile[],
  quarantine?: KeptFile,
): TableOutput {
  const { schema, rows, bytes } = manifest
  return {
    // what is named by its content counts as the same content, whichever run wrote it
    hash: contentHash(manifest),
    files: files.map((f) => f.path),
    ...{ schema, rows, bytes, rejected, quarantine: quarantine?.path ?? null, folder },
    kept: [...files, ...(quarantine ? [quarantine] : [])].map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 })),
  }
}

/** The base as what a batch that it holds gives: rows that were set aside this time are kept by themselves. */
async function containedIn(
  ctx: StepContext<DatasetSpec>,
  computed: Computed,
  base: Base,
  mode: WriteMode,
): Promise<Draft> {
  const { manifest, folder } = base
  const { aside } = computed
  const made = new Map(aside ? [['rejected.parquet', aside.path] as const] : [])
  const checked = { ...outputOf(computed.rejected, manifest, folder, filesOf(base)), hash: base.hash }
  const record = (): never => {
    throw new GalleyError('STORE_CONFLICT', {
      what: `another writer published a version of '${ctx.step.id}'`,
      why: `it holds other rows than version ${base.version}, which held these`,
      fix: 'run the recipe again: it goes on from the newest version',
      details: { dataset: ctx.step.id },
    })
  }
  return { mode, base, contained: true, checked, manifest, made, record }
}

/** Puts a draft in its place in one step; it is a version once its row is in the store. */
export async function publishDraft(ctx: StepContext<DatasetSpec>, draft: Draft): Promise<TableOutput> {
  const { manifest, made, contained, checked } = draft
  if (contained && made.size === 0) return checked
  if (contained) {
    const folder = ctx.store.home.tmp.file('.version')
    await mkdir(folder, { recursive: true })
    for (const [name, from] of made) await place(from, join(folder, name))
    const aside = folderOf(ctx.store, ctx.scope, `_${ctx.step.id}`, hashJson([...made.keys(), ctx.run.id]).slice(0, 32))
    await publishFolder(folder, aside)
    return { ...checked, quarantine: join(aside, 'rejected.parquet') }
  }
  const published = await publishVersion(ctx.store, ctx.scope, manifest, made)
  const { rejected } = manifest
  const quarantine = rejected && { ...rejected, path: join(published.folder, rejected.path) }
  return outputOf(checked.rejected, manifest, published.folder, filesOf(published), quarantine)
}

/** The versions of datasets that a step's rows come from, in this recipe or read from others. */
function versionsIn(ctx: StepContext<DatasetSpec>): string[] {
  return lineage(ctx.recipe, ctx.step.id).flatMap((id) => {
    if (id === ctx.step.id) return []
    const { kind } = stepOf(ctx.recipe, id)
    const output = ctx.input<Output & { readonly name?: string; readonly version?: string | number }>(id)
    if (kind === 'source' && typeof output.version === 'string') return [output.version]
    return kind === 'dataset' && output.name ? [`${output.name}@${output.version}`] : []
  })
}
