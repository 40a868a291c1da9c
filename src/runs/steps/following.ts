import { hashJson } from '../../base/hash.ts'
import type { Connector, ConnectorContext, SourceSpec } from '../../data/connectors/connector.ts'
import { type Position, together } from '../../data/connectors/parts/pieces.ts'
import { quarantineOf, type Reading, readParts, readSince } from '../../data/connectors/parts/read.ts'
import { folderOf } from '../../data/datasets/files.ts'
import { parseType } from '../../plan/types.ts'
import { codeHash } from '../code.ts'
import type { StepContext, StepResult } from '../kind.ts'
import { restored, stored } from '../portable.ts'
import type { SourceOutput } from './source.ts'

/** A position as it is saved, with the code that read its parts. */
interface Saved extends Position {
  readonly code: string
}

/** What a source's position is saved under: all that says which rows it stands for, the recipe and step among it. */
const keyOf = ({ recipe, step }: StepContext<SourceSpec>, path: string, wanted: ConnectorContext['wanted']): string =>
  hashJson({
    position: 1,
    recipe: recipe.name,
    step: step.id,
    connector: step.spec.connector,
    path,
    columns: Object.entries(step.spec.columns),
    options: step.spec.options,
    wanted: wanted ?? null,
  })

/**
 * Reads a source of which an earlier run has left a part: parts that are new or changed, or what came since. The new
 * position is saved in the transaction that publishes the output, so that neither is there without the other.
 */
export async function readByAndBy(
  ctx: StepContext<SourceSpec>,
  source: Connector,
  path: string,
  about: Omit<ConnectorContext, 'query' | 'keep' | 'parts' | 'since'>,
): Promise<StepResult<SourceOutput>> {
  const { store, scope, step } = ctx
  const { spec, id } = step
  const key = keyOf(ctx, path, about.wanted)
  const code = codeHash(import.meta.resolve('./source.ts'))
  const entry = await store.cache.find(scope, key)
  const saved = entry && restored(entry.output as Saved, store.home.path)
  // parts can be read again by newer code; what came and went can not
  const position = saved && (!source.parts || saved.code === code) ? saved : undefined
  const place = {
    draft: () => store.home.tmp.file('.source'),
    target: (name: string) => folderOf(store, scope, `_${id}`, hashJson([name, code]).slice(0, 32)),
  }
  return ctx.duckdb.session(ctx, async (query) => {
    const reading: Reading = { connector: source, spec, path, ctx: { ...about, query }, position, place }
    const next = source.parts ? await readParts(reading) : await readSince(reading)
    const before = new Set(position?.pieces.map((p) => p.folder))
    const all = together(next.pieces)
    const aside = all.quarantined.length > 1 ? await quarantineOf(reading, all.quarantined) : undefined
    const quarantine = aside?.quarantine ?? all.quarantined[0]
    const fresh = next.pieces.filter((p) => !before.has(p.folder))
    ctx.ledger.add('source', 'bytesIn', together(fresh).bytes)
    const output: SourceOutput = {
      files: all.files.length > 0 ? all.files : (next.pieces[0]?.files ?? []),
      schema: Object.entries(spec.columns).map(([name, type]) => ({ name, type: parseType(type), nullable: true })),
      path,
      rows: all.rows,
      bytes: all.bytes,
      rejected: all.rejected,
      ...(quarantine ? { quarantine } : {}),
      ...(reading.pushed ? { pushed: reading.pushed } : {}),
      stood: [all.rows - together(fresh).rows, all.rows],
      kept: [...next.pieces.flatMap((p) => p.kept), ...(aside?.kept ?? [])],
      hash: hashJson([all.hash, spec.connector, spec.columns, spec.options, about.wanted ?? null]),
    }
    return {
      output,
      async publish(tx) {
        const left = stored({ ...next, code } satisfies Saved, store.home.path)
        await tx.cache.put(scope, { key, output: left, run: ctx.run.id, step: id })
        return output
      },
    }
  })
}
