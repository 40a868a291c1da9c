import { mkdir } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import { hashJson } from '../../base/hash.ts'
import type { SourceSnapshot, SourceSpec } from '../../data/connectors/connector.ts'
import { fingerprintFile } from '../../data/connectors/files.ts'
import { connector } from '../../data/connectors/index.ts'
import { folderOf, publishFolder } from '../../data/datasets/files.ts'
import type { Output, StepKind } from '../kind.ts'
import { bytes, integer, plural } from '../text.ts'

export interface SourceOutput extends SourceSnapshot, Output {}

const pathOf = (spec: SourceSpec, folder: string): string =>
  isAbsolute(spec.path) ? spec.path : resolve(folder, spec.path)

/** Reads a source: checks that it is what the recipe says, and makes it readable by every engine. */
export const sourceStep: StepKind<SourceSpec, SourceOutput> = {
  kind: 'source',
  module: import.meta.url,
  async identity(spec, { folder }) {
    const source = await connector(spec.connector)
    const { hash } = await source.fingerprint(spec, pathOf(spec, folder))
    return {
      connector: spec.connector,
      columns: Object.entries(spec.columns),
      options: spec.options,
      hash,
      path: pathOf(spec, folder),
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
      hashJson([spec.columns, spec.options, await source.fingerprint(spec, pathOf(spec, ctx.folder))]).slice(0, 32),
    )
    const snapshot = await ctx.duckdb.session(ctx, (query) =>
      source.snapshot(spec, pathOf(spec, ctx.folder), {
        scope: ctx.scope,
        signal: ctx.signal,
        progress: ctx.progress,
        query,
        keep: async (name) => {
          kept = true
          await mkdir(draft, { recursive: true })
          return join(draft, name)
        },
      }),
    )
    if (kept) await publishFolder(draft, target)
    const files = kept ? snapshot.files.map((f) => f.replace(draft, target)) : snapshot.files
    ctx.ledger.add('source', 'bytesIn', snapshot.bytes)
    return {
      output: { ...snapshot, files, hash: hashJson([snapshot.hash, spec.connector, spec.columns, spec.options]) },
    }
  },
  async present(output) {
    for (const file of output.files) if (!(await fingerprintFile(file).catch(() => undefined))) return false
    return true
  },
  summary(o) {
    const rejected = Object.entries(o.rejected).map(([reason, n]) => ` · ${reason} ${integer(n)}`)
    return `${plural(o.rows, 'row')}  ${bytes(o.bytes)}${rejected.join('')}`
  },
}
