import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hashJson } from '../../base/hash.ts'
import { resolveSecret } from '../../base/secrets.ts'
import type { Connector, ConnectorContext, SourceSnapshot, SourceSpec } from '../../data/connectors/connector.ts'
import { connector, pathOf } from '../../data/connectors/index.ts'
import { pushedIn } from '../../data/connectors/push/pushed.ts'
import { folderOf, intact, type KeptFile, keptFile, publishFolder } from '../../data/datasets/files.ts'
import { findIn } from '../../data/datasets/find.ts'
import type { Output, StepContext, StepKind, StepResult } from '../kind.ts'
import { moved } from '../portable.ts'
import { byCount, bytes, integer, plural } from '../text.ts'
import { readByAndBy } from './following.ts'
import { guardFor, isReadOnce, type Opening, openAhead } from './opening.ts'
import { handed, wantedOf } from './wanted.ts'

export interface SourceOutput extends SourceSnapshot, Output {
  /** Files of ours as they were written; none when the source is read in place, where its content stands in the key. */
  readonly kept: readonly KeptFile[]
  /** Where it lies: a path from the root on, or a name as it stands; absent in outputs of before. */
  readonly path?: string
  /** What it held, as its connector tells contents apart; absent in outputs of before, and for a source that is read in parts. */
  readonly content?: string
  /** Parts that were read before and stand, of so many; absent for a source that is read whole. */
  readonly stood?: readonly [before: number, all: number]
}

/** Reads a source: checks that it is what the recipe says, and makes it readable by every engine. */
export const sourceStep: StepKind<SourceSpec, SourceOutput> = {
  kind: 'source',
  module: import.meta.url,
  async identity(spec, { folder, watch, recipe, step, signal, store, scope, say }) {
    const source = await connector(spec.connector)
    const path = pathOf(source, spec, folder)
    const { hash, stamp, left } = await source.fingerprint(spec, path, {
      ...{ signal, secret: resolveSecret },
      ...{ dataset: findIn(store, scope), pushed: pushedIn(store, scope) },
    })
    if (stamp) watch(path, stamp)
    if (left) say(`${left}: left for the next run`)
    const wanted = handed(wantedOf(recipe, step.id, spec), source.pushes?.(spec), spec)
    return {
      connector: spec.connector,
      columns: Object.entries(spec.columns),
      options: spec.options,
      hash,
      path,
      inPlace: isReadOnce(recipe, step.id),
      ...(wanted ? { wanted } : {}),
    }
  },
  ahead: openAhead,
  async run(ctx) {
    const { spec, id } = ctx.step
    const source = await connector(spec.connector)
    const path = pathOf(source, spec, ctx.folder)
    const wanted = handed(wantedOf(ctx.recipe, id, spec), source.pushes?.(spec), spec)
    const guard = (ctx.ahead as Opening | undefined)?.guard ?? guardFor(ctx)
    const about = {
      ...{ scope: ctx.scope, guard },
      signal: ctx.signal,
      progress: ctx.progress,
      secret: resolveSecret,
      dataset: findIn(ctx.store, ctx.scope),
      pushed: pushedIn(ctx.store, ctx.scope),
      inPlace: isReadOnce(ctx.recipe, id),
      ...(wanted ? { wanted } : {}),
    }
    try {
      await source.open?.(spec, path, about)
      return await (source.parts || source.follows?.(spec) ? readByAndBy : readWhole)(ctx, source, path, about)
    } finally {
      await guard.close()
    }
  },
  present: (o) => intact(o.kept),
  summary(o) {
    const rejected = byCount(o.rejected).map(([reason, n]) => ` · ${reason} ${integer(n)}`)
    const encoding = o.encoding && o.encoding !== 'UTF-8' ? ` in ${o.encoding}` : ''
    const pushed = o.pushed && o.pushed.length > 0 ? `  at the source: ${o.pushed.join(', ')}` : ''
    const stood =
      o.stood && o.stood[0] > 0 ? `  ${integer(o.stood[0])} of ${plural(o.stood[1], 'row')} from before` : ''
    return `${o.version ? `${o.version}  ` : ''}${plural(o.rows, 'row')}  ${bytes(o.bytes)}${encoding}${stood}${pushed}${rejected.join('')}`
  },
}

async function readWhole(
  ctx: StepContext<SourceSpec>,
  source: Connector,
  path: string,
  about: Omit<ConnectorContext, 'query' | 'keep'>,
): Promise<StepResult<SourceOutput>> {
  const { spec } = ctx.step
  const draft = ctx.store.home.tmp.file('.source')
  let kept = false
  const state = await source.fingerprint(spec, path, about)
  const identity = [spec.columns, spec.options, state, ...(about.wanted ? [about.wanted] : [])]
  const target = folderOf(ctx.store, ctx.scope, `_${ctx.step.id}`, hashJson(identity).slice(0, 32))
  const snapshot = await ctx.duckdb.session(ctx, (query) =>
    source.snapshot(spec, path, {
      ...about,
      query,
      keep: async (name) => {
        kept = true
        await mkdir(draft, { recursive: true })
        return join(draft, name)
      },
    }),
  )
  const published = (file: string) => (kept ? moved(file, draft, target) : file)
  const own = [...snapshot.files, ...(snapshot.quarantine ? [snapshot.quarantine] : [])]
  const made = kept ? await Promise.all(own.map((f) => keptFile(f, ctx.signal))) : []
  if (kept) await publishFolder(draft, target)
  ctx.ledger.add('source', 'bytesIn', snapshot.bytes)
  return {
    output: {
      ...snapshot,
      path,
      content: snapshot.hash,
      files: snapshot.files.map(published),
      ...(snapshot.quarantine ? { quarantine: published(snapshot.quarantine) } : {}),
      ...(kept || snapshot.kept ? {} : { inPlace: snapshot.files }),
      kept: [...made.map((f) => ({ ...f, path: published(f.path) })), ...(snapshot.kept ?? [])],
      hash: hashJson([
        snapshot.hash,
        spec.connector,
        spec.columns,
        spec.options,
        ...(about.wanted ? [about.wanted] : []),
      ]),
    },
  }
}
