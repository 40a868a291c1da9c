import { GalleyError } from '../../../base/errors.ts'
import type { RunContext } from '../../../engines/engine.ts'
import { createLedger, type Ledger } from '../../../engines/ledger.ts'
import { col, columnsOf, type Expr } from '../../../plan/expr.ts'
import { applied, type BoundFit, countsQuery, type FitAbout, type FitRow } from '../../../plan/fits/index.ts'
import { build, type Named, type Node } from '../../../plan/nodes.ts'
import { boundPlan, lineage, publishedPlan, type Rows, stepOf } from '../../../runs/inline.ts'
import type { DatasetSpec, Recipe, TrainSpec } from '../../../runs/specs.ts'
import { type ColumnReference, categoryReference } from '../../monitoring/reference.ts'
import { checkLabels, checkPart } from '../classes.ts'
import { fitAbout, fitTogether, namedColumns } from '../fits.ts'
import { fittedColumns } from '../scores.ts'
import { type Reports, residentOf } from './analysis.ts'
import { type Kept, type Learnt, type Means, PARTS, type Part, SPILL } from './means.ts'

/** A recipe's training as one job, from its sources to judged models. */
export interface FusedJob {
  /** Where tables are between stages. */
  readonly means: Means
  readonly recipe: Recipe
  /** The step that trains. */
  readonly step: string
  /** A source's rows, as a scan has them. */
  rows(source: string): Rows
  /** The dataset where it is kept: what is left to the host is asked of it instead of computed from the sources on. */
  readonly kept?: Node
  readonly ctx: RunContext
  readonly threads: number
  /** Reports of the dataset, which ask its rows where these lie. */
  readonly reports?: Reports
  /** Told what the device leaves to the host, and why. */
  say(why: string): void
  /** Told which stage begins. */
  begins?(stage: string): void
}

export interface FusedResult {
  /** Of the dataset. */
  readonly rows: number
  /** What is learnt from: the recipe's features, then the columns that fits give. */
  readonly features: readonly string[]
  readonly fits: readonly BoundFit[]
  readonly candidates: Learnt['candidates']
  /** What the monitor compares with: features, then the columns that fits read. */
  readonly reference: readonly ColumnReference[]
  /** What moved, by stage: the data's way, fits, parts, candidates and what came of them. */
  readonly ledger: Ledger
}

/**
 * Prepares, fits, trains and judges. With tables on the device the sources' columns go up once, and what comes down is
 * what fits found, models and metrics.
 * @throws RECIPE_INVALID, TRAIN_DATA, DEVICE_MISSING; ENGINE_GAP naming the node that the engine does not do
 */
export async function learnFused(job: FusedJob): Promise<FusedResult> {
  const { recipe, means } = job
  const { spec, inputs } = stepOf(recipe, job.step) as { spec: TrainSpec; inputs: readonly string[] }
  const dataset = stepOf(recipe, inputs[0] ?? '').spec as DatasetSpec
  const { ledger, ctx, at, begins } = metered(job)
  const whole = boundPlan(publishedPlan(recipe, inputs[0] ?? ''), (id) => job.rows(id))
  const about = fitAbout(spec, dataset, whole.schema)
  const reports = means.answers && job.reports
  const wanted = needed(spec, dataset, about, whole, reports ? reports.columns(whole) : [])
  const base = build({ op: 'select', input: whole, columns: wanted })
  const held: Kept[] = []
  const keep = async (root: Node, known: { readonly rows?: number; readonly made?: Node }): Promise<Kept> => {
    const kept = await means.compute(root, ctx, known)
    held.push(kept)
    return kept
  }
  try {
    const made = job.kept ? { made: build({ op: 'select', input: job.kept, columns: wanted }) } : {}
    const data = await at('data', () => keep(base, made))
    const from = async <T>(work: (part: (name: Part) => Node, scan: Node) => Promise<T>): Promise<T> => {
      const { scan, done } = await data.use(ctx)
      const part = (name: Part) => build({ op: 'filter', input: scan, predicate: partOf(dataset, name) })
      return work(part, scan).finally(done)
    }
    const counted = new Map<string, readonly FitRow[]>()
    const fits = await at('fits', () =>
      from((part, scan) =>
        fitTogether(
          ...([spec, part('train'), about] as const),
          async (queries, keyed) => {
            // what is asked later is asked of rows that fits before may have changed
            if (counted.size > 0) return means.ask(queries, ctx)
            const more = counts(spec, part, scan, keyed)
            const found = await means.ask([...queries, ...more], ctx)
            for (const [name] of more) counted.set(name, found.get(name) ?? [])
            for (const [column, query] of keyed) counted.set(`column ${column}`, found.get(query) ?? [])
            return found
          },
          means.keeps,
        ),
      ),
    )
    const rows = Number(counted.get('rows')?.[0]?.['n'] ?? 0)
    const { answers } = means
    if (reports && answers) await from((_, scan) => reports.look((ctx) => residentOf(scan, rows, answers, ctx)))
    const classes = (name: Part) => {
      const rows = counted.get(`part ${name}`) ?? []
      checkLabels(spec.target, rows)
      return checkPart(name, spec.target, rows)
    }
    const training = classes('train')
    const features = [
      ...spec.features,
      ...fittedColumns(
        fits,
        whole.schema.map((f) => f.name),
      ),
    ]
    const parts = {} as Record<Part, Kept>
    for (const name of PARTS)
      parts[name] = await at(name, () =>
        from((part) => {
          const own = part(name)
          const encoded = fits.reduce((n, f) => (name === 'train' ? f.training(n) : applied(n, f.serving)), own)
          const columns = named([...features, spec.target])
          return keep(build({ op: 'select', input: encoded, columns }), { rows: classes(name).rows })
        }),
      )
    data.close()
    held.splice(held.indexOf(data), 1)
    const task = { spec, features, parts, classes: training, threads: job.threads, say: job.say, begins }
    const { candidates, reference } = await means.learn(task, ctx)
    const categories = namedColumns(spec).map((column) =>
      categoryReference(column, counted.get(`column ${column}`) ?? []),
    )
    return { rows, features, fits, candidates, reference: [...reference, ...categories], ledger }
  } finally {
    for (const kept of held.reverse()) kept.close()
  }
}

/** How many rows there are; of each part by class; of training rows by each column that fits read, where these do not ask it. */
function counts(
  spec: TrainSpec,
  part: (name: Part) => Node,
  scan: Node,
  keyed: ReadonlyMap<string, string>,
): Named<Node> {
  return [
    ['rows', build({ op: 'aggregate', input: scan, by: [], aggs: [['n', { fn: 'count', arg: null }]] })],
    ...PARTS.map((name) => [`part ${name}`, countsQuery(part(name), spec.target)] as const),
    ...namedColumns(spec)
      .filter((c) => !keyed.has(c))
      .map((column) => [`column ${column}`, countsQuery(part('train'), column)] as const),
  ]
}

/** A context whose ledger tells stages apart, and whose own is told the edges of the recipe that they are. */
function metered({ ctx: outer, begins, recipe, step }: FusedJob) {
  const { spec, inputs } = stepOf(recipe, step) as { spec: TrainSpec; inputs: readonly string[] }
  const data = inputs[0] ?? ''
  const sources = lineage(recipe, data).filter((id) => stepOf(recipe, id).kind === 'source')
  const edges = new Map<string, string>([
    ['data', `${sources.join(', ')} → ${data}`],
    ['fits', `${data} → fits`],
    ...PARTS.map((part) => [part, `${data} → ${part}`] as const),
    ...spec.candidates.map(({ trainer }) => [trainer, `train → ${trainer}`] as const),
    ['models', `models → ${step}`],
  ])
  const ledger = createLedger()
  let stage = ''
  const ctx: RunContext = {
    ...outer,
    ledger: {
      ...ledger,
      add(engine, key, n) {
        // tables that are put aside have an edge of their own
        const at = engine === SPILL ? '' : stage
        ledger.add(at || engine, key, n)
        outer.ledger.add(edges.get(at) ?? (at || engine), key, n)
      },
    },
  }
  const begin = (name: string): void => {
    stage = name
    begins?.(name)
  }
  const at = <T>(name: string, work: () => Promise<T>): Promise<T> => {
    begin(name)
    return work()
  }
  return { ledger, ctx, at, begins: begin }
}

const named = (columns: readonly string[]) => columns.map((name) => [name, col(name)] as const)

function partOf({ split }: DatasetSpec, name: string) {
  const predicate = split?.[name]
  if (predicate) return predicate
  throw new GalleyError('RECIPE_INVALID', {
    what: `the dataset has no part '${name}'`,
    fix: "give it a split, for instance split: byTime('date', { train: …, validate: …, test: … })",
  })
}

/** Columns that are read of the dataset, in its order: features, target, what fits encode, what the split asks, and more. */
export function needed(
  spec: TrainSpec,
  dataset: DatasetSpec,
  about: FitAbout,
  whole: Node,
  more: readonly string[] = [],
): Named<Expr> {
  const asked = new Set([
    ...more,
    ...spec.features,
    spec.target,
    ...(about.moment && spec.fit.length > 0 ? [about.moment] : []),
    ...spec.fit.flatMap((f) => f.columns),
    ...Object.values(dataset.split ?? {}).flatMap((e) => columnsOf(e)),
  ])
  return named(whole.schema.map((f) => f.name).filter((name) => asked.has(name)))
}
