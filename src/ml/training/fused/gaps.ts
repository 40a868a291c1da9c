import { type Engine, type Gap, isGaps } from '../../../engines/engine.ts'
import type { Expr } from '../../../plan/expr.ts'
import { applied, type BoundFit } from '../../../plan/fits/index.ts'
import { build, type Named, type Node, plan } from '../../../plan/nodes.ts'
import { boundPlan, opaqueOf, publishedPlan, stepOf } from '../../../runs/inline.ts'
import type { DatasetSpec, Recipe, TrainSpec } from '../../../runs/specs.ts'
import { beginOf } from '../device/begin.ts'
import { fitAbout, fitTogether } from '../fits.ts'
import { isPlain } from '../labels.ts'
import { needed } from './fused.ts'

/** What an engine does not take of a step that trains, from the sources on. */
export interface FusedGaps {
  /** What keeps it from being one part: nodes of the dataset's plan and of what fits bind, and trainers. */
  readonly gaps: readonly Gap[]
  /** What fits ask and the processor finds: small results, from the dataset as it is kept. */
  readonly asked: readonly Gap[]
}

/** Asks an engine what it takes; runs nothing. */
export async function fusedGaps(engine: Engine, recipe: Recipe, step: string): Promise<FusedGaps> {
  const { spec, inputs } = stepOf(recipe, step) as { spec: TrainSpec; inputs: readonly string[] }
  const dataset = stepOf(recipe, inputs[0] ?? '').spec as DatasetSpec
  const whole = boundPlan(publishedPlan(recipe, inputs[0] ?? ''), (id) => ({ files: [id] }))
  const about = fitAbout(spec, dataset, whole.schema)
  const found = new Map<string, Gap>()
  const asked = new Map<string, Gap>()
  const mode = dataset.write?.mode ?? 'full'
  const opaque = opaqueOf(recipe, inputs[0] ?? '')
  if (opaque) found.set('opaque', { node: opaque.id, reason: opaque.kind === 'either' ? 'which of its branches is taken is known once it is' : 'a program makes its rows' }) // biome-ignore format: one line
  if (mode !== 'full')
    found.set('dataset', { node: 'dataset', reason: `its write is '${mode}': it holds rows that the sources do not` })
  const ask = (root: Node, into = found) => {
    const made = engine.prepare(plan(root))
    if (isGaps(made)) for (const gap of made) into.set(`${gap.node} ${gap.reason}`, gap)
  }
  const columns = needed(spec, dataset, about, whole)
  const base = build({ op: 'select', input: whole, columns })
  const before = found.size
  ask(base)
  // an engine names what it meets first: each column is asked alone for the rest, and for which of them need it
  if (found.size > before)
    for (const gap of byColumn(engine, whole, columns)) found.set(`${gap.node} ${gap.reason}`, gap)
  if (!isPlain(spec))
    found.set('goal', { node: step, reason: spec.goal ? `a ${spec.goal.kind} goal is learnt on the processor` : 'weighted rows are learnt from on the processor' }) // biome-ignore format: one line
  if (spec.threshold !== undefined)
    found.set('threshold', { node: step, reason: 'a threshold that a recipe says is judged by on the processor' })
  for (const { trainer } of spec.candidates)
    if (!(await beginOf(trainer)))
      found.set(trainer, { node: trainer, reason: 'this trainer learns on the processor alone' })
  if (found.size > 0) return { gaps: [...found.values()], asked: [] }
  // what fits will find is not known; that they find nothing gives plans of the same verbs
  const train = build({
    op: 'filter',
    input: base,
    predicate: dataset.split?.['train'] ?? { op: 'lit', value: true, type: 'bool' },
  })
  const each = async (queries: Named<Node>) => {
    for (const [, query] of queries) ask(query, asked)
    return new Map()
  }
  const fits: readonly BoundFit[] = await fitTogether(spec, train, about, each, true).catch(() => [])
  ask(fits.reduce((n, f) => f.training(n), train))
  ask(fits.reduce((n, f) => applied(n, f.serving), train))
  return { gaps: [...found.values()], asked: [...asked.values()] }
}

/** What an engine does not take of some columns; what all of them need is of the rows, and names none. */
function byColumn(engine: Engine, input: Node, columns: Named<Expr>): Gap[] {
  const found = new Map<string, { gap: Gap; of: string[] }>()
  for (const column of columns) {
    const made = engine.prepare(plan(build({ op: 'select', input, columns: [column] })))
    if (!isGaps(made)) continue
    for (const gap of made) {
      const same = found.get(`${gap.node} ${gap.reason}`) ?? { gap, of: [] }
      found.set(`${gap.node} ${gap.reason}`, { gap, of: [...same.of, column[0]] })
    }
  }
  return [...found.values()].map(({ gap, of }) => (of.length < columns.length ? { ...gap, columns: of } : gap))
}
