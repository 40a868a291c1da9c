import { fitReads } from '../../plan/fits/index.ts'
import type { Node } from '../../plan/nodes.ts'
import { type OnlinePlan, online } from '../../plan/online.ts'
import { feedOf, momentOf, spanOf, keysOf as stateKeys, stateOf } from '../../plan/states.ts'
import { stepOf, wholePlan } from '../../runs/inline.ts'
import type { DatasetSpec, Recipe, ServeSpec, Step, TrainSpec } from '../../runs/specs.ts'

/** What an endpoint will do for one request, and what it must remember. */
export interface ServeStep {
  readonly online: OnlinePlan
  /** The model's features in its order. */
  readonly features: readonly string[]
  readonly states: readonly {
    readonly title: string
    /** µs of history that are kept: the window and what events may be late. */
    readonly micros: number
    /** Whether the latest row of each key is kept, however old. */
    readonly latest: boolean
    readonly keys: readonly string[]
  }[]
  readonly tables: readonly { readonly node: Node; readonly keys: readonly string[] }[]
}

/** Slices the plan of the dataset that the served model is trained on to what a request needs. @throws PLAN_* as a deployment would */
export function explainServe(recipe: Recipe, step: Step<ServeSpec>): ServeStep {
  const train = stepOf(recipe, step.inputs[0] ?? '')
  const { features, fit } = train.spec as TrainSpec
  const dataset = stepOf(recipe, train.inputs[0] ?? '')
  const { moment } = dataset.spec as DatasetSpec
  const outputs = [...new Set([...features, ...fit.flatMap(fitReads), ...(moment ? [moment] : [])])]
  const { entry, input, lateness } = step.spec
  const sliced = online(wholePlan(recipe, dataset.id), { entry, outputs, input })
  return {
    online: sliced,
    features,
    states: sliced.states.map((s) => ({
      title: s.title,
      micros: (spanOf(s) ?? 0) + lateness,
      latest: spanOf(s) === undefined,
      keys: stateKeys(s),
    })),
    tables: sliced.tables.map((t) => ({ node: t.node, keys: keysOf(sliced.request, t.node) })),
  }
}

/** The columns by which a table is looked up. */
function keysOf(request: Node, table: Node): readonly string[] {
  const scans = JSON.stringify(table)
  const find = (n: Node): readonly string[] | undefined => {
    if (n.op === 'join' && JSON.stringify(n.right) === scans) return n.on.map(([, r]) => r)
    if (n.op === 'asof' && JSON.stringify(feedOf(stateOf(n))) === scans)
      return [...n.by.map(([, r]) => r), momentOf(stateOf(n))]
    if ('left' in n) return find(n.left) ?? find(n.right)
    return n.op === 'scan' ? undefined : find(n.input)
  }
  return find(request) ?? []
}
