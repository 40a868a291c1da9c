import { type ErrorCode, GalleyError } from '../../base/errors.ts'
import type { Expr } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { BINARY, type Goal } from '../../runs/goal.ts'
import type { StepContext } from '../../runs/kind.ts'
import type { DatasetSpec, OnnxSpec } from '../../runs/specs.ts'
import type { DatasetOutput } from '../../runs/steps/dataset.ts'
import { chooseThreshold } from '../evaluation/confusion.ts'
import { evaluate } from '../evaluation/evaluate.ts'
import { rank } from '../evaluation/ranking.ts'
import { type ColumnReference, categoryReference, numericReference } from '../monitoring/reference.ts'
import type { Scorer } from '../registry/scorer.ts'
import { type Asked, type PartRows, partRows, strideOf } from '../review/rows.ts'
import { badLabel, dataError } from '../training/intake.ts'
import { type AnyReport, reportOf } from '../training/judged.ts'
import { checkLabel } from '../training/labels.ts'
import type { TrainedModel } from '../training/trainer.ts'
import { baselineScores } from './baseline.ts'

/** Rows that the monitor's distributions are made of. */
const SAMPLE = 100_000

/** A part with what the model says of it. */
interface Said extends PartRows {
  readonly scores: Float64Array
}

interface Reports {
  readonly validate: AnyReport
  readonly test: AnyReport
}

/** How a model does on rows, and what the monitor compares with. */
export interface Judgement {
  /** null where nothing is known of what was to be said. */
  readonly reports: Reports | null
  /** Of the baseline on the same rows; null where it has nothing to learn from. */
  readonly baseline: Reports | null
  readonly threshold: number | null
  readonly reference: readonly ColumnReference[]
}

/** Asks the model about the dataset's parts, or all of its rows where it has none. @throws TRAIN_DATA, MODEL_FAILED, VALUE_INVALID, CANCELLED */
export async function judged(
  ctx: StepContext<OnnxSpec>,
  data: DatasetOutput,
  scorer: Scorer,
  model: TrainedModel,
  noted: number | null,
): Promise<Judgement> {
  const { target } = ctx.step.spec
  const { goal = BINARY, classes } = model
  const asked: Asked = {
    ...{ features: model.features, kept: [], groups: [] },
    ...(target === null ? {} : { target }),
    ...(classes ? { classes } : {}),
    texts: new Map([...(scorer.texts ?? [])].map(([place, texts]) => [model.features[place] ?? '', texts])),
  }
  const stride = strideOf(data.rows, asked)
  if (stride > 1) ctx.say(`every ${stride}. row is looked at, as they would not fit into memory`)
  const step = (done: number) => ctx.progress({ done, total: 6, unit: 'steps' })
  let done = 0
  const said = async (part: (typeof PARTS)[number]): Promise<Said> => {
    const rows = await partRows(ctx, partOf(ctx, data, part), (n) => n, asked, stride)
    step(++done)
    if (rows.rows === 0) throw dataError(`the part '${part}' has no rows`, 'move the borders of the split')
    if (target !== null) checkLabels(goal, rows.labels, target)
    const scores = new Float64Array(rows.rows * scorer.outputs)
    await scorer.many(rows.columns, rows.rows, scores)
    step(++done)
    return { ...rows, scores }
  }
  const validate = await said('validate')
  const test = target === null ? undefined : await said('test')
  const train = await said('train')
  const threshold = goal.kind !== 'binary' ? null : (noted ?? (test ? chosen(validate) : 0.5))
  const report = ({ scores, labels }: Pick<Said, 'scores' | 'labels'>, limit: number | null): AnyReport =>
    goal.kind === 'binary'
      ? evaluate(scores, Uint8Array.from(labels), { threshold: limit ?? 0.5 })
      : reportOf(goal, scores, labels, classes ?? [])
  const base = test ? await baselineScores(ctx, model, goal, train, [validate, test]) : null
  const [first, second] = base ?? []
  const beside = (): Reports | null => {
    if (!test || !first || !second) return null
    const based = { validate: { ...validate, scores: first }, test: { ...test, scores: second } }
    const limit = goal.kind === 'binary' ? chosen(based.validate) : null
    return { validate: report(based.validate, limit), test: report(based.test, limit) }
  }
  return {
    reports: test ? { validate: report(validate, threshold), test: report(test, threshold) } : null,
    baseline: beside(),
    threshold,
    reference: [...referenceOf(train, scorer), numericReference('score', surest(validate, scorer.outputs))],
  }
}

const PARTS = ['train', 'validate', 'test'] as const

/** A part of the dataset, or all of it where it is not split so. */
function partOf(ctx: StepContext<OnnxSpec>, data: DatasetOutput, part: string): Node {
  const dataset = ctx.recipe.steps.find((s) => s.id === ctx.step.inputs[0])
  const split: Readonly<Record<string, Expr>> | null = (dataset?.spec as DatasetSpec | undefined)?.split ?? null
  const scan = build({ op: 'scan', from: { kind: 'parquet', files: data.files }, schema: data.schema })
  const condition = split?.[part]
  return condition ? build({ op: 'filter', input: scan, predicate: condition }) : scan
}

function checkLabels(goal: Goal, labels: Float64Array, target: string): void {
  if (goal.kind === 'multiclass') return
  for (const y of labels) {
    if (goal.kind === 'binary' && y !== 0 && y !== 1) throw badLabel(y, target)
    checkLabel(goal, y, target)
  }
}

/** The threshold with the best F1. */
const chosen = ({ scores, labels }: Said): number =>
  chooseThreshold(rank(scores, Uint8Array.from(labels)), { by: 'f1' })

/** Of several classes how sure it is of what it says, else the score. */
const surest = ({ scores, rows }: Said, outputs: number): Float64Array =>
  outputs === 1
    ? scores
    : Float64Array.from({ length: rows }, (_, i) => Math.max(...scores.subarray(i * outputs, (i + 1) * outputs)))

function referenceOf({ columns, rows }: Said, { inputs, texts }: Scorer): ColumnReference[] {
  const every = Math.max(1, Math.floor(rows / SAMPLE))
  return inputs.map((name, place) => {
    const values = (columns[place] as Float64Array).filter((_, i) => i % every === 0)
    const own = texts?.get(place)
    if (!own) return numericReference(name, values)
    const counts = new Map<string | null, number>()
    for (const code of values) counts.set(own.textOf(code), (counts.get(own.textOf(code)) ?? 0) + 1)
    return categoryReference(name, [...counts].map(([key, n]) => ({ key, rows: n }))) // biome-ignore format: one line
  })
}

const OWN: readonly ErrorCode[] = ['MODEL_INVALID', 'MODEL_FAILED', 'VALUE_INVALID']
/** What a model failed with, named by its step. */
export const inStep = (id: string, thrown: unknown): unknown =>
  thrown instanceof GalleyError && OWN.includes(thrown.code)
    ? new GalleyError(thrown.code, {
        what: `'${id}': ${thrown.what}`,
        ...(thrown.why === undefined ? {} : { why: thrown.why }),
        ...(thrown.fix === undefined ? {} : { fix: thrown.fix }),
        details: thrown.details,
        cause: thrown,
      })
    : thrown
