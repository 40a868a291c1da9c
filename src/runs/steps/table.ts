import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { hashJson } from '../../base/hash.ts'
import { folderOf, intact, type KeptFile, publishFolder } from '../../data/datasets/files.ts'
import { MANIFEST, MANIFEST_FORMAT, type Manifest, numbered, readManifest } from '../../data/datasets/manifest.ts'
import type { Node } from '../../plan/nodes.ts'
import type { Schema } from '../../plan/types.ts'
import { readIfThere } from '../../store/files.ts'
import { codeHash } from '../code.ts'
import { computeGrown } from '../incremental/compute.ts'
import { grows } from '../incremental/former.ts'
import { planKept } from '../inline.ts'
import type { Output, StepContext, StepKind } from '../kind.ts'
import { moved } from '../portable.ts'
import type { Settling } from '../settling.ts'
import type { PlanSpec } from '../specs.ts'
import { byCount, integer, plural } from '../text.ts'
import { type Computed, computeRows } from './rows.ts'

export interface TableOutput extends Output {
  readonly files: readonly string[]
  readonly schema: Schema
  readonly rows: number
  readonly bytes: number
  /** Rows set aside, by reason. */
  readonly rejected: Readonly<Record<string, number>>
  /** A Parquet file of them (`reason`, `row`), when there are any. */
  readonly quarantine: string | null
  readonly folder: string
  /** How it was computed, of one that grows with its inputs: from what came, or why as a whole. */
  readonly told?: string
  /** All of its files, and that of rows set aside, as they were written. */
  readonly kept: readonly KeptFile[]
}

/** Computes a named table, keeps it, and sets aside what its plan rejects. */
export const tableStep: StepKind<PlanSpec, TableOutput> = {
  kind: 'table',
  module: import.meta.url,
  repeatable: true,
  async run(ctx) {
    const { root } = ctx.step.spec.plan
    const name = `_${ctx.step.id}`
    if (!grows(ctx.recipe, ctx.step.id))
      return { output: await keep(ctx, name, await computeRows(ctx, root), root, { settling: ctx.settling }) }
    const grown = await computeGrown(ctx, root, { by: codeHash(import.meta.url), stands: () => true })
    const before = grown.how === 'rows' ? grown.former?.output : undefined
    const kept = await keep(ctx, name, grown.computed, root, { before })
    const output = { ...(before ? together(before, kept) : kept), ...grown.told }
    return {
      output,
      async publish(tx) {
        await grown.remember(tx, output)
        return output
      },
    }
  },
  present: whole,
  summary: summarise,
}

export function summarise(o: TableOutput): string {
  const total = Object.values(o.rejected).reduce((a, b) => a + b, 0)
  const entries = byCount(o.rejected)
  const reasons = entries.map(([reason, n]) => (entries.length === 1 ? reason : `${reason} ${integer(n)}`))
  const told = o.told ? `  ${o.told}` : ''
  return `${plural(o.rows, 'row')} × ${o.schema.length}${told}${total > 0 ? `  rejected ${integer(total)}: ${reasons.join(' · ')}` : ''}`
}

/** A table with the rows that came to it, which lie in a folder of their own. What was set aside before is among what is set aside now. */
function together(before: TableOutput, more: TableOutput): TableOutput {
  const { rejected, quarantine } = more
  const of = (o: TableOutput, aside: boolean) => o.kept.filter((f) => (f.path === o.quarantine) === aside)
  const kept = [...of(before, false), ...of(more, true)]
  if (more.rows === 0) return { ...before, rejected, quarantine, kept }
  return {
    hash: hashJson(['grown', before.hash, more.hash]),
    files: [...before.files, ...more.files],
    ...{ schema: more.schema, rows: before.rows + more.rows, bytes: before.bytes + more.bytes },
    ...{ rejected, quarantine, folder: more.folder, kept: [...kept, ...of(more, false)] },
  }
}

/**
 * Publishes computed rows as a table of their own, in one step. It is on disk then, but for a small one of a step that publishes nothing else, which may wait for the
 * end of the run (`settling`). `before`: what the rows are added to.
 */
export async function keep(
  ctx: StepContext<PlanSpec>,
  name: string,
  made: Computed,
  root: Node,
  { before, settling }: { readonly before?: TableOutput | undefined; readonly settling?: Settling } = {},
): Promise<TableOutput> {
  const { draft, data, aside, rows, schema } = made
  const manifest: Manifest = {
    ...{
      format: MANIFEST_FORMAT,
      name,
      schema,
      rows: rows + (before?.rows ?? 0),
      bytes: data.bytes + (before?.bytes ?? 0),
    },
    files: [{ ...data, path: 'data.parquet', rows }],
    ...(aside ? { rejected: { ...aside, path: 'rejected.parquet' } } : {}),
    ...{ partitionBy: [], key: [], batches: [data.sha256], fieldIds: numbered(schema), split: null, moment: null },
    write: { mode: 'full', base: null, batch: data.sha256 },
    ...{ ...planKept(root), codeHash: codeHash(import.meta.url) },
    parents: ctx.step.inputs.map((step) => ({ step, hash: ctx.input(step).hash })),
    ...{ run: ctx.run.id, created: new Date(ctx.started).toISOString() },
  }
  await writeFile(join(draft, MANIFEST), `${JSON.stringify(manifest, null, 1)}\n`)
  // the same rows with others set aside are another folder, so that neither loses its own
  const id = aside ? hashJson([data.sha256, aside.sha256]) : data.sha256
  const target = folderOf(ctx.store, ctx.scope, name, id.slice(0, 32))
  const waits = settling?.takes(data.bytes + (aside?.bytes ?? 0)) === true
  await publishFolder(draft, target, { lasting: !waits })
  if (waits) settling.add(target)
  // what is named by its content counts as the same content, whichever run wrote it
  return {
    hash: hashJson([data.sha256, schema, null, null]),
    files: [join(target, 'data.parquet')],
    ...{ schema, rows, bytes: data.bytes, rejected: made.rejected },
    quarantine: aside ? join(target, 'rejected.parquet') : null,
    folder: target,
    kept: [data, ...(aside ? [aside] : [])].map((f) => ({ ...f, path: moved(f.path, draft, target) })),
  }
}

/**
 * True when the files are there with the content they were written with, and the manifest beside them can be read: what
 * is damaged is made again. @throws STORE_FORMAT_NEWER for a manifest that only a newer Galley understands
 */
export async function whole(o: TableOutput): Promise<boolean> {
  const file = join(o.folder, MANIFEST)
  const [text, same] = await Promise.all([readIfThere(file), intact(o.kept)])
  if (text === undefined) return false
  try {
    readManifest(text, file)
  } catch (error) {
    if (error instanceof GalleyError && error.code === 'STORE_CORRUPT') return false
    throw error
  }
  return same
}
