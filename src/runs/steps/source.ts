import { mkdir } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import { hashJson } from '../../base/hash.ts'
import type { SourceSnapshot, SourceSpec } from '../../data/connectors/connector.ts'
import { connector } from '../../data/connectors/index.ts'
import { folderOf, intact, type KeptFile, keptFile, publishFolder } from '../../data/datasets/files.ts'
import { findIn } from '../../data/datasets/find.ts'
import { nodes } from '../../plan/walk.ts'
import type { Output, StepKind } from '../kind.ts'
import { moved } from '../portable.ts'
import type { PlanSpec, Recipe } from '../specs.ts'
import { byCount, bytes, integer, plural } from '../text.ts'
import { readings } from './rows.ts'

export interface SourceOutput extends SourceSnapshot, Output {
  /** Files of ours as they were written; none when the source is read in place, where its content stands in the key. */
  readonly kept: readonly KeptFile[]
}

const pathOf = (spec: SourceSpec, folder: string): string =>
  isAbsolute(spec.path) ? spec.path : resolve(folder, spec.path)

/** How often a source may be read before a copy in Parquet costs less: a CSV is read about as fast as it is copied. */
const FEW_READINGS = 2

/** Whether one step alone reads a source, and that so seldom. */
function isReadOnce(recipe: Recipe, source: string): boolean {
  const [reader, another] = recipe.steps.filter((s) => s.inputs.includes(source))
  if (!reader || another || (reader.kind !== 'table' && reader.kind !== 'dataset')) return false
  const { root } = (reader.spec as PlanSpec).plan
  const scans = [...nodes(root)].filter((n) => n.op === 'scan' && 'name' in n.from && n.from.name === source)
  return scans.length === 1 && readings(root) <= FEW_READINGS
}

/** Reads a source: checks that it is what the recipe says, and makes it readable by every engine. */
export const sourceStep: StepKind<SourceSpec, SourceOutput> = {
  kind: 'source',
  module: import.meta.url,
  async identity(spec, { folder, watch, recipe, step, store, scope }) {
    const source = await connector(spec.connector)
    const { hash, stamp } = await source.fingerprint(spec, pathOf(spec, folder), findIn(store, scope))
    if (stamp) watch(pathOf(spec, folder), stamp)
    return {
      connector: spec.connector,
      columns: Object.entries(spec.columns),
      options: spec.options,
      hash,
      path: pathOf(spec, folder),
      inPlace: isReadOnce(recipe, step.id),
    }
  },
  async run(ctx) {
    const { spec } = ctx.step
    const source = await connector(spec.connector)
    const draft = ctx.store.home.tmp.file('.source')
    let kept = false
    const target = folderOf(
      ctx.store,
      ctx.scope,
      `_${ctx.step.id}`,
      hashJson([
        spec.columns,
        spec.options,
        await source.fingerprint(spec, pathOf(spec, ctx.folder), findIn(ctx.store, ctx.scope)),
      ]).slice(0, 32),
    )
    const snapshot = await ctx.duckdb.session(ctx, (query) =>
      source.snapshot(spec, pathOf(spec, ctx.folder), {
        scope: ctx.scope,
        signal: ctx.signal,
        progress: ctx.progress,
        query,
        inPlace: isReadOnce(ctx.recipe, ctx.step.id),
        dataset: findIn(ctx.store, ctx.scope),
        keep: async (name) => {
          kept = true
          await mkdir(draft, { recursive: true })
          return join(draft, name)
        },
      }),
    )
    const published = (path: string) => (kept ? moved(path, draft, target) : path)
    const own = [...snapshot.files, ...(snapshot.quarantine ? [snapshot.quarantine] : [])]
    const made = kept ? await Promise.all(own.map((f) => keptFile(f, ctx.signal))) : []
    if (kept) await publishFolder(draft, target)
    ctx.ledger.add('source', 'bytesIn', snapshot.bytes)
    return {
      output: {
        ...snapshot,
        files: snapshot.files.map(published),
        ...(snapshot.quarantine ? { quarantine: published(snapshot.quarantine) } : {}),
        ...(kept || snapshot.kept ? {} : { inPlace: snapshot.files }),
        kept: [...made.map((f) => ({ ...f, path: published(f.path) })), ...(snapshot.kept ?? [])],
        hash: hashJson([snapshot.hash, spec.connector, spec.columns, spec.options]),
      },
    }
  },
  present: (o) => intact(o.kept),
  summary(o) {
    const rejected = byCount(o.rejected).map(([reason, n]) => ` · ${reason} ${integer(n)}`)
    const encoding = o.encoding && o.encoding !== 'UTF-8' ? ` in ${o.encoding}` : ''
    return `${o.version ? `${o.version}  ` : ''}${plural(o.rows, 'row')}  ${bytes(o.bytes)}${encoding}${rejected.join('')}`
  },
}
