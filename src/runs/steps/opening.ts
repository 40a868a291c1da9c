import { stat } from 'node:fs/promises'
import type { SourceSpec } from '../../data/connectors/connector.ts'
import { knownHash } from '../../data/connectors/files.ts'
import type { Guard } from '../../data/connectors/guard/guard.ts'
import { openGuard } from '../../data/connectors/guard/open.ts'
import { connector, pathOf } from '../../data/connectors/index.ts'
import { nodes } from '../../plan/walk.ts'
import type { Ahead, AheadContext, StepContext } from '../kind.ts'
import type { PlanSpec, Recipe } from '../specs.ts'
import { readings } from './rows.ts'
import { handed, wantedOf } from './wanted.ts'

/** How often a source may be read before a copy in Parquet costs less: a CSV is read about as fast as it is copied. */
const FEW_READINGS = 2

/** Whether one step alone reads a source, and that so seldom. */
export function isReadOnce(recipe: Recipe, source: string): boolean {
  const [reader, another] = recipe.steps.filter((s) => s.inputs.includes(source))
  if (!reader || another || (reader.kind !== 'table' && reader.kind !== 'dataset')) return false
  const { root } = (reader.spec as PlanSpec).plan
  const scans = [...nodes(root)].filter((n) => n.op === 'scan' && 'name' in n.from && n.from.name === source)
  return scans.length === 1 && readings(root) <= FEW_READINGS
}

/** What opens files from outside for a step. */
export const guardFor = (ctx: Pick<StepContext<never>, 'store' | 'duckdb' | 'threads'>): Guard =>
  openGuard({
    temp: () => ctx.store.home.tmp.file('.opened'),
    ...{ memoryMiB: ctx.duckdb.memoryMiB, threads: ctx.threads },
  })

/** A file that is being opened while its content is hashed. */
export interface Opening extends Ahead {
  readonly guard: Guard
}

/** Bytes from which on a file is worth it: a process is begun for it, which takes a third of a second. */
const LARGE = 64 << 20

/** Opens a large file at once that no run has read as it is now: both its hash and the look at all of it take as long as reading it. */
export async function openAhead(spec: SourceSpec, ctx: AheadContext): Promise<Opening | undefined> {
  const source = await connector(spec.connector)
  if (!source.begin || source.where !== 'path' || source.parts || source.follows?.(spec)) return undefined
  const path = pathOf(source, spec, ctx.folder)
  const info = await stat(path).catch(() => undefined)
  if (!info?.isFile() || info.size < LARGE || (await knownHash(path))) return undefined
  const before = await ctx.lastEnded()
  if (before !== undefined && Math.max(info.mtimeMs, info.ctimeMs) < before) return undefined
  const guard = guardFor(ctx)
  const over = new AbortController()
  const wanted = handed(wantedOf(ctx.recipe, ctx.step.id, spec), source.pushes?.(spec), spec)
  source.begin(spec, path, {
    ...{ guard, signal: AbortSignal.any([ctx.signal, over.signal]), inPlace: isReadOnce(ctx.recipe, ctx.step.id) },
    ...(wanted ? { wanted } : {}),
  })
  return {
    guard,
    close() {
      over.abort()
      return guard.close()
    },
  }
}
