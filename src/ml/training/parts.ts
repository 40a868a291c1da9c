import { GalleyError } from '../../base/errors.ts'
import type { Relation } from '../../engines/engine.ts'
import { rowsOf } from '../../engines/plans.ts'
import { literalOf } from '../../engines/values.ts'
import { col, type Expr } from '../../plan/expr.ts'
import { type BoundFit, countsQuery, type FitRow } from '../../plan/fits/index.ts'
import { build, type Node } from '../../plan/nodes.ts'
import type { StepContext } from '../../runs/kind.ts'
import type { DatasetSpec, TrainSpec } from '../../runs/specs.ts'
import type { DatasetOutput } from '../../runs/steps/dataset.ts'
import { type ColumnReference, categoryReference, numericReference, sampleColumns } from '../monitoring/reference.ts'
import { checkPart, checkPartClasses, checkRows } from './classes.ts'
import { fitAbout, fitOn, namedColumns } from './fits.ts'

const PARTS = ['train', 'validate', 'test'] as const

/** The dataset's parts as plans over its files. @throws RECIPE_INVALID when it has no such parts */
export function partsOf(
  ctx: StepContext<unknown>,
  data: Pick<DatasetOutput, 'files' | 'schema'>,
): Record<(typeof PARTS)[number], Node> {
  const dataset = ctx.recipe.steps.find((s) => s.id === ctx.step.inputs[0])
  const split = (dataset?.spec as { split?: Readonly<Record<string, Expr>> | null } | undefined)?.split
  const scan = build({ op: 'scan', from: { kind: 'parquet', files: data.files }, schema: data.schema })
  return Object.fromEntries(
    PARTS.map((part) => {
      const condition = split?.[part]
      if (!condition)
        throw new GalleyError('RECIPE_INVALID', {
          what: `the dataset has no part '${part}'`,
          why: 'a model is judged on rows it has not seen',
          fix: "give the dataset a split, for instance split: byTime('date', { train: …, validate: …, test: … })",
        })
      return [part, build({ op: 'filter', input: scan, predicate: condition })]
    }),
  ) as Record<(typeof PARTS)[number], Node>
}

/**
 * Makes sure that candidates can be told apart: of rows of one class, every order of scores is as good.
 * @throws TRAIN_DATA naming the part and what it holds
 */
export async function checkParts(ctx: StepContext<TrainSpec>, parts: Record<(typeof PARTS)[number], Node>) {
  const { target, goal } = ctx.step.spec
  if (goal?.kind === 'ranking') await tellCut(ctx, goal.group, parts)
  let known: readonly FitRow[] = []
  for (const part of PARTS) {
    if (goal?.kind === 'regression' || goal?.kind === 'ranking') {
      const aggs = [['rows', { fn: 'count', arg: null }]] as const
      const [found] = await fitRowsOf(ctx, build({ op: 'aggregate', input: parts[part], by: [], aggs }))
      checkRows(part, Number(found?.['rows'] ?? 0))
    } else if (goal) {
      const found = await fitRowsOf(ctx, countsQuery(parts[part], target))
      checkPartClasses(part, target, found, part === 'train' ? found : known)
      if (part === 'train') known = found
    } else checkPart(part, target, await fitRowsOf(ctx, countsQuery(parts[part], target)))
  }
}

/** Runs the fits' queries on the training rows and binds what they found; each sees what the ones before it gave. */
export async function fitParts(
  ctx: StepContext<TrainSpec>,
  train: Node,
  data: Pick<DatasetOutput, 'schema'>,
): Promise<BoundFit[]> {
  const { spec } = ctx.step
  const dataset = ctx.recipe.steps.find((s) => s.id === ctx.step.inputs[0])?.spec as Partial<DatasetSpec> | undefined
  return fitOn(spec, train, fitAbout(spec, dataset, data.schema), (query) => fitRowsOf(ctx, query))
}

/** Tells how many groups the split cuts: what a model learnt of one part of a group tells of the others. */
async function tellCut(
  ctx: StepContext<TrainSpec>,
  group: string,
  parts: Record<(typeof PARTS)[number], Node>,
): Promise<void> {
  const rows = [['rows', { fn: 'count', arg: null }]] as const
  const each = PARTS.map((part) => build({ op: 'aggregate', input: parts[part], by: [group], aggs: rows }))
  const inputs = each.map((input) => build({ op: 'select', input, columns: [[group, col(group)]] }))
  const all = inputs.slice(1).reduce<Node>((left, right) => build({ op: 'union', left, right }), inputs[0] as Node) // biome-ignore format: one line
  const found = build({ op: 'aggregate', input: all, by: [group], aggs: [['parts', rows[0][1]]] })
  const counted = build({ op: 'aggregate', input: found, by: ['parts'], aggs: [['groups', rows[0][1]]] }) // biome-ignore format: one line
  const several = (await fitRowsOf(ctx, counted)).filter((r) => Number(r['parts']) > 1)
  const cut = several.reduce((n, r) => n + Number(r['groups']), 0)
  if (cut > 0)
    ctx.say(`${cut.toLocaleString('en-US')} groups of '${group}' have rows in several parts, where rows learnt from may give the others away: split by them, byGroup('${group}', …)`) // biome-ignore format: one line
}

/** The rows of a small result, as fits read them. */
const fitRowsOf = async (ctx: StepContext<TrainSpec>, query: Node): Promise<FitRow[]> =>
  (await rowsOf(ctx, query)).map((r) =>
    Object.fromEntries(query.schema.map(({ name, type }) => [name, literalOf(r[name] ?? null, type)])),
  )

/** What the monitor compares live rows with: features of training rows, and the columns that fits make features of. */
export async function referenceOf(
  ctx: StepContext<TrainSpec>,
  train: Node,
  matrix: Relation,
  features: readonly string[],
): Promise<ColumnReference[]> {
  const sample = await sampleColumns(matrix, features, 100_000)
  const out: ColumnReference[] = [...sample].map(([name, values]) => numericReference(name, values))
  for (const column of namedColumns(ctx.step.spec))
    out.push(categoryReference(column, await fitRowsOf(ctx, countsQuery(train, column))))
  return out
}
