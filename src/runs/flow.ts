import { GalleyError } from '../base/errors.ts'
import { rowOf } from '../plan/columns/column.ts'
import { called, exprOf } from '../plan/columns/given.ts'
import type { Col } from '../plan/columns/kinds.ts'
import { optionsOf } from '../plan/columns/options.ts'
import { build, plan } from '../plan/nodes.ts'
import { printExpr } from '../plan/print.ts'
import { type Table, table } from '../plan/table.ts'
import { type Schema, typeName } from '../plan/types.ts'
import { scanned } from '../plan/walk.ts'
import { checkTable } from './given.ts'
import type { Handle, Kitchen, Made } from './kitchen.ts'
import type { After, ApprovalSpec, ConditionSpec, EitherSpec } from './specs.ts'
import type { Timed } from './timeouts.ts'

/** What the verbs of branches need of the recipe that is declared. */
export interface Declaring {
  add<Spec>(id: string, kind: string, inputs: readonly string[], spec: Spec, timed?: Timed): string
  /** Declares what a function declares on a branch, and gives the steps that are new. */
  branch<T>(after: After | undefined, declare: () => T): { readonly result: T; readonly steps: readonly string[] }
}

type Branches = Pick<Kitchen, 'when' | 'attempt' | 'approve'>

/** The verbs that put steps on branches: they are run where a condition holds, another step failed, or somebody approves. */
export function branches({ add, branch }: Declaring): Branches {
  /** Steps for which a branch stands in already. */
  const handled = new Set<string>()
  /** The table that a branch gives, under a name of its own. */
  const named = (id: string, t: Table<never>): string => {
    checkTable('step', id, t)
    const p = plan(t.node)
    return add(id, 'table', inputsOf(t), { plan: p })
  }
  const either = (id: string, of: readonly string[], schemas: readonly [Schema, Schema]): Table<never> => {
    const schema = same(id, ...schemas)
    add(id, 'either', of, { schema } satisfies EitherSpec)
    return table<never>(build({ op: 'scan', from: { kind: 'step', name: id }, schema }))
  }
  const when = (
    id: string,
    t: Table<never>,
    holds: (r: never) => Col<'bool'>,
    then: () => unknown,
    otherwise?: () => unknown,
  ): unknown => {
    checkTable('when', id, t)
    declares('when', id, then)
    const asked = exprOf(
      called(holds, (where: string) => rowOf<never>(t.schema, where) as never, 'when'),
      'when',
    )
    const root = build({ op: 'select', input: t.node, columns: [['holds', asked]] })
    const type = root.schema[0]?.type
    if (type !== 'bool')
      throw invalid(`'${id}' is given no condition`, `what it asks is a ${type ? typeName(type) : 'nothing'}`, 'compare it with something: (r) => r.rows.gt(1000)') // biome-ignore format: one line
    const condition = add(`${id}-asked`, 'condition', inputsOf(t), { plan: plan(root), title: printExpr(asked) } satisfies ConditionSpec) // biome-ignore format: one line
    const taken = (is: 'holds' | 'fails', suffix: string, declare: () => unknown) =>
      branch({ of: [condition], is }, () => {
        const given = declare()
        return isTable(given) ? { id: named(`${id}-${suffix}`, given), schema: given.schema } : undefined
      }).result
    const a = taken('holds', 'then', then)
    const b = otherwise && taken('fails', 'else', otherwise)
    if (a && b) return either(id, [a.id, b.id], [a.schema, b.schema])
    if (a || b)
      throw invalid(`one branch of '${id}' gives a table, and the other none`, 'what reads it needs one, whichever is taken', 'let both give a table of the same columns, or neither') // biome-ignore format: one line
    return undefined
  }
  const attempt = (id: string, first: () => Table<never>, otherwise: () => Table<never>): Table<never> => {
    declares('attempt', id, first)
    declares('attempt', id, otherwise)
    const tried = branch(undefined, () => {
      const t = first()
      return { step: named(`${id}-first`, t), schema: t.schema }
    })
    // an attempt within this one has what stands in for its own first branch: only where that fails, too, this one's does
    const of = tried.steps.filter((step) => !handled.has(step))
    for (const step of tried.steps) handled.add(step)
    const stoodIn = branch({ of, is: 'failed' }, () => {
      const t = otherwise()
      return { step: named(`${id}-instead`, t), schema: t.schema }
    })
    return either(id, [tried.result.step, stoodIn.result.step], [tried.result.schema, stoodIn.result.schema])
  }
  const approve = <T>(id: string, of: Made | readonly Made[], options: { ask: string }, then: () => T): T => {
    optionsOf(options, ['ask'], `approve '${id}'`)
    declares('approve', id, then)
    if (typeof options.ask !== 'string' || options.ask.trim() === '' || options.ask.length > 1000)
      throw invalid(`'${id}' asks nothing`, 'people are told what they approve of', "say it: { ask: 'May the new model serve?' }") // biome-ignore format: one line
    const inputs = [...new Set([of].flat().flatMap((made) => stepsOf(id, made as Made)))]
    if (inputs.length === 0)
      throw invalid(`'${id}' approves of nothing`, 'an approval is of what steps made', 'name a dataset, a model or a table of a step') // biome-ignore format: one line
    add(id, 'approval', inputs, { ask: options.ask } satisfies ApprovalSpec)
    return branch({ of: [id], is: 'done' }, then).result
  }
  return { when, attempt, approve } as unknown as Branches
}

const inputsOf = (t: Table<never>): string[] => scanned(t.node).map((s) => s.name)

const isTable = (given: unknown): given is Table<never> =>
  typeof given === 'object' && given !== null && 'node' in given && 'schema' in given

const stepsOf = (id: string, made: Made): readonly string[] => {
  if (isTable(made)) return inputsOf(made)
  const { step } = (made ?? {}) as Partial<Handle>
  if (typeof step !== 'string') throw invalid(`'${id}' approves of something that no step made`, `it is given ${String(made)}`, 'name a dataset, a model or a table') // biome-ignore format: one line
  return [step]
}

function declares(verb: string, id: string, branch: unknown): void {
  if (typeof branch === 'function') return
  throw invalid(`${verb} '${id}' is given no branch`, 'steps of a branch are declared within a function', `write k.${verb}('${id}', …, () => { … })`) // biome-ignore format: one line
}

/** Two branches give one table: the same columns in the same order, of the same types. @throws RECIPE_INVALID */
function same(id: string, a: Schema, b: Schema): Schema {
  const differs = a.findIndex((f, i) => f.name !== b[i]?.name || typeName(f.type) !== typeName(b[i].type))
  const at = differs < 0 && b.length > a.length ? a.length : differs
  if (at < 0) return a.map((f, i) => ({ ...f, nullable: f.nullable || (b[i]?.nullable ?? true) }))
  const told = (f: Schema[number] | undefined) => (f ? `'${f.name}' (${typeName(f.type)})` : 'none')
  throw invalid(
    `the branches of '${id}' give tables of other columns`,
    `column ${at + 1} is ${told(a[at])} on the one and ${told(b[at])} on the other`,
    'select the same columns of the same types on both',
  )
}

const invalid = (what: string, why: string, fix: string): GalleyError =>
  new GalleyError('RECIPE_INVALID', { what, why, fix })
