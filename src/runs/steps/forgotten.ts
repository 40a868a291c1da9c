import { rm } from 'node:fs/promises'
import { type KeptFile, keptFile } from '../../data/datasets/files.ts'
import { asideWithoutSuppressed, type LeftOut, withoutSuppressed } from '../../data/datasets/forget/suppress.ts'
import type { StepContext } from '../kind.ts'
import type { PlanSpec } from '../specs.ts'
import { plural } from '../text.ts'
import type { Computed } from './rows.ts'

const total = (o: LeftOut | undefined): number => Object.values(o?.gone ?? {}).reduce((a, b) => a + b, 0)

/** Computed rows without those of persons who were forgotten; as they are where nobody was. */
export async function withoutForgotten(ctx: StepContext<PlanSpec>, made: Computed): Promise<Computed> {
  const suppressed = await ctx.store.suppressions.of(ctx.scope, ctx.step.id)
  if (!suppressed) return made
  const { data, aside } = made
  const rows = await withoutSuppressed(ctx, suppressed, made.schema, data.path, rest(data))
  const outside = aside && (await asideWithoutSuppressed(ctx, suppressed, aside.path, rest(aside)))
  const gone = total(rows) + total(outside)
  if (gone === 0) return made
  ctx.say(`${plural(gone, 'row')} of persons who were forgotten ${gone === 1 ? 'is' : 'are'} left out`)
  const rejected: Record<string, number> = {}
  for (const [reason, n] of Object.entries(made.rejected)) {
    const left = n - (outside?.gone[reason] ?? 0)
    if (left > 0) rejected[reason] = left
  }
  return {
    ...made,
    rejected,
    rows: made.rows - total(rows),
    ...(total(rows) > 0 ? { data: await replaced(ctx, data), before: data.sha256 } : {}),
    aside: aside && total(outside) > 0 ? (outside?.left === 0 ? undefined : await replaced(ctx, aside)) : aside,
  }
}

const rest = ({ path }: KeptFile): string => `${path}.rest`

async function replaced({ signal }: StepContext<PlanSpec>, file: KeptFile): Promise<KeptFile> {
  await rm(file.path)
  return keptFile(rest(file), signal)
}
