import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { hashJson } from '../../base/hash.ts'
import { keptFile } from '../../data/datasets/files.ts'
import { file } from '../../engines/duckdb/sql/names.ts'
import { toParquet } from '../../engines/duckdb/sql/parquet.ts'
import type { Node } from '../../plan/nodes.ts'
import type { Tables } from '../../store/store.ts'
import { boundPlan, type Rows } from '../inline.ts'
import type { Output, StepContext } from '../kind.ts'
import type { PlanSpec } from '../specs.ts'
import { type Computed, computeBound, computeRows } from '../steps/rows.ts'
import type { TableOutput } from '../steps/table.ts'
import { plural } from '../text.ts'
import { type Former, formerOf, remember } from './former.ts'
import { type Growth, growth } from './growth.ts'

/** What was computed, and how it goes on from what was there. */
export interface Grown {
  readonly computed: Computed
  /** `rows`: those that are to be added to the former output. Otherwise it is the whole. */
  readonly how: Growth['mode']
  readonly former: Former | undefined
  /** The identity of what is added: the same rows that come another time are others. */
  readonly batch: string
  /** How it was computed, for the output; nothing where there was nothing before. */
  readonly told: Pick<TableOutput, 'told'>
  /** Keeps what is made of it as what the next run goes on from. */
  remember(tx: Tables, output: TableOutput): Promise<void>
}

/**
 * Computes a plan from what its inputs have more than when it was computed last, where that gives what computing it as a
 * whole gives: rows to be added, or the whole with groups replaced. `stands` says whether the former output is still what
 * is gone on from; `by` what computes it beside its plan.
 */
export async function computeGrown(
  ctx: StepContext<PlanSpec>,
  root: Node,
  { by, stands, groups = true }: { by: unknown; stands: (former: Former) => boolean; groups?: boolean },
): Promise<Grown> {
  const own = ctx as StepContext<never>
  const made = hashJson([root, by])
  const found = await formerOf(own)
  const former = found && stands(found) ? found : undefined
  const asked = growth(ctx, root, made, former)
  const { inputs } = asked
  const how: Growth =
    (asked.growth.mode === 'groups' || asked.growth.mode === 'merged') && !groups
      ? { mode: 'anew', reason: CHANGES }
      : asked.growth
  const computed = await computedBy(ctx, root, how)
  return {
    ...{ computed, how: how.mode, former: how.mode === 'anew' ? undefined : how.former },
    batch: hashJson(['grown', made, inputs ?? null]),
    told: toldOf(how),
    async remember(tx, output) {
      if (inputs) await remember(own, tx, { by: made, inputs, output, times: timesOf(how) })
    },
  }
}

/** Why rows that are written by their key are computed as a whole where groups change. */
export const CHANGES = 'groups of it change, and rows are written by their key'
const SAYS = { rows: '', merged: ', put together with what was there', groups: ', its groups computed again' } as const

const toldOf = (how: Growth): Pick<TableOutput, 'told'> =>
  how.mode === 'anew'
    ? how.reason === undefined
      ? {}
      : { told: `as a whole: ${how.reason}` }
    : { told: `from ${plural(how.files, 'new file')}${SAYS[how.mode]}` }

const timesOf = (how: Growth): number => (how.mode === 'rows' ? how.former.times + 1 : 0)

async function computedBy(ctx: StepContext<PlanSpec>, root: Node, how: Growth): Promise<Computed> {
  if (how.mode === 'anew') return computeRows(ctx, root)
  const { output } = how.former
  const all = boundPlan(root, (id) => ctx.input<Rows & Output>(id))
  // of the whole, no row was lost: what was set aside before is what is to be counted
  const before = { all, rows: how.mode === 'rows' ? output.rows : 0, rejected: output.rejected }
  const made = await computeBound(ctx, how.plan, before)
  return { ...(await withFormerAside(ctx, made, output)), schema: root.schema }
}

/** What was set aside before is set aside still. */
async function withFormerAside(ctx: StepContext<PlanSpec>, made: Computed, former: TableOutput): Promise<Computed> {
  if (!former.quarantine) return made
  const [target, all] = [join(made.draft, 'rejected.parquet'), join(made.draft, 'all.parquet')]
  const files = [former.quarantine, ...(made.aside ? [made.aside.path] : [])].map(file).join(', ')
  await ctx.duckdb.session(
    ctx,
    (query) =>
    query(`COPY (SELECT * FROM read_parquet([${files}], union_by_name = true, hive_partitioning = false)) ${toParquet(all)}`), // biome-ignore format: one line
  )
  await rename(all, target)
  return { ...made, aside: await keptFile(target, ctx.signal) }
}
