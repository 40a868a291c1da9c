import { GalleyError } from '../base/errors.ts'
import { hashJson } from '../base/hash.ts'
import { expectations, expectOf, lookedAt } from '../data/quality/expect.ts'
import { rowOf } from '../plan/columns/column.ts'
import { called } from '../plan/columns/given.ts'
import type { Col } from '../plan/columns/kinds.ts'
import { optionsOf } from '../plan/columns/options.ts'
import { fitReads } from '../plan/fits/index.ts'
import { build, type Plan, plan } from '../plan/nodes.ts'
import { printExpr } from '../plan/print.ts'
import { type Table, table } from '../plan/table.ts'
import { type Field, fieldOf, parseType } from '../plan/types.ts'
import { scanned } from '../plan/walk.ts'
import { checkOptions, type RecipeOptions } from './budget.ts'
import { checkMoment, checkName, checkNumbers, checkTimes, checkTraining, placed } from './checks.ts'
import { evaluating } from './evaluate.ts'
import { branches, type Declaring } from './flow.ts'
import { forecasting } from './forecast.ts'
import { gateMetrics } from './gate.ts'
import { checkSource, checkTable, DATASET_OPTIONS, SERVE_OPTIONS, TRAIN_OPTIONS } from './given.ts'
import { goalOf } from './goal.ts'
import { checkGroups } from './grouped.ts'
import type { Kitchen } from './kitchen.ts'
import { learning } from './learn.ts'
import { bringing } from './onnx.ts'
import { processes } from './process/declare.ts'
import { checkServed } from './served.ts'
import type { After, AnalyseSpec, DatasetSpec, PlanSpec, Recipe, ServeSpec, Step, TrainSpec } from './specs.ts'
import { asking } from './statistics.ts'
import { thresholdOf } from './threshold.ts'
import { type Timed, timeoutOf, untimed } from './timeouts.ts'
import { incremental, type WriteOptions, writeSpec } from './writes.ts'

/** µs */
const DAY = 86_400_000_000

/** Declares a recipe. The function runs once; what it declared is plain, frozen data. @throws RECIPE_INVALID, PLAN_* */
export function recipe(name: string, declare: (k: Kitchen) => void, options: RecipeOptions = {}): Recipe {
  checkName(name, 'recipe')
  const checked = checkOptions(options)
  const steps = new Map<string, Step>()
  /** The branches that are declared on just now, the outermost first. */
  let within: readonly After[] = []
  const add = <Spec>(id: string, kind: string, inputs: readonly string[], spec: Spec, timed: Timed = {}): string => {
    checkName(id, kind)
    if (steps.has(id))
      throw new GalleyError('RECIPE_INVALID', {
        what: `two steps are named '${id}'`,
        fix: 'give each step a name of its own: sources, tables, datasets, models and endpoints share one set of names',
      })
    checkNumbers(id, spec)
    steps.set(
      id,
      Object.freeze({
        id,
        kind,
        inputs,
        spec,
        ...timeoutOf(id, timed),
        ...(within.length > 0 ? { after: within } : {}),
      }),
    )
    return id
  }
  const branch: Declaring['branch'] = (after, declare) => {
    const [before, outside] = [new Set(steps.keys()), within]
    within = after ? [...within, after] : within
    try {
      const result = declare()
      return { result, steps: [...steps.keys()].filter((id) => !before.has(id)) }
    } finally {
      within = outside
    }
  }
  const stepSpec = <Spec>(id: string): Spec => steps.get(id)?.spec as Spec
  const inputsOf = (p: Plan): string[] => scanned(p.root).map((s) => s.name)
  const fromStep = <S>(id: string, t: Table<S>): Table<S> =>
    table<S>(build({ op: 'scan', from: { kind: 'step', name: id }, schema: t.schema }))
  const kitchen: Kitchen = {
    ...branches({ add, branch }),
    ...processes({ add }),
    ...asking({ add }),
    ...learning({ add }),
    ...evaluating({ add }, (id) => steps.get(id)),
    ...forecasting({ add }),
    ...bringing({ add }),
    source(id, spec, options = {}) {
      checkSource(id, spec)
      add(id, 'source', [], spec, optionsOf(options, ['timeout'], `source '${id}'`))
      const schema: Field[] = Object.entries(spec.columns).map(([n, type]) => ({
        name: n,
        type: parseType(type),
        nullable: true,
      }))
      return table(build({ op: 'scan', from: { kind: 'source', name: id }, schema }))
    },
    step(id, t, options = {}) {
      checkTable('step', id, t)
      const p = plan(t.node)
      return fromStep(
        add(id, 'table', inputsOf(p), { plan: p } satisfies PlanSpec, optionsOf(options, ['timeout'], `step '${id}'`)),
        t,
      )
    },
    dataset(id, t, options = {}) {
      checkTable('dataset', id, t)
      optionsOf(options as Record<string, unknown>, DATASET_OPTIONS, `dataset '${id}'`)
      const p = plan(t.node)
      checkMoment(id, t.schema, options.moment)
      const row = (where: string) => rowOf<never>(t.schema, where)
      const split = options.split && called(options.split, row, 'split')
      const asked = options.expect
      const expect = expectations(
        asked ? called((r: never) => asked(r, expectOf(t.schema)), row, 'expect', lookedAt) : [],
      )
      const referred = expect.flatMap((x) => (x.kind === 'references' ? inputsOf(x.table) : []))
      const write = writeSpec(id, t.schema, options as WriteOptions<never>)
      const spec: DatasetSpec = {
        plan: p,
        split: split ? Object.fromEntries(Object.entries(split).map(([part, c]) => [part, c.expr])) : null,
        expect,
        moment: options.moment ?? null,
        ...(write ? { write } : {}),
        ...(incremental(id, options) ? { incremental: true } : {}),
      }
      return {
        step: add(id, 'dataset', [...new Set([...inputsOf(p), ...referred])], spec, options),
        table: fromStep(id, t),
      }
    },
    analyse(data, options = {}) {
      optionsOf(options, ['target', 'timeout'], 'analyse')
      add(
        `${data.step}-report`,
        'analyse',
        [data.step],
        { target: options.target ?? null } satisfies AnalyseSpec,
        options,
      )
    },
    train(id, data, options) {
      optionsOf(options, TRAIN_OPTIONS, `train '${id}'`)
      for (const c of [
        options.target,
        ...(options.weight === undefined ? [] : [options.weight]),
        ...options.features,
        ...(options.fit ?? []).flatMap(fitReads),
      ])
        fieldOf(data.table.schema, c, `train of '${id}'`)
      checkTraining(id, { schema: data.table.schema, ...stepSpec<DatasetSpec>(data.step) }, options)
      if (options.candidates.length === 0)
        throw new GalleyError('RECIPE_INVALID', {
          what: `'${id}' has nothing to train`,
          fix: 'name at least one candidate, for instance gbdt()',
        })
      const goal = goalOf(id, options.target, fieldOf(data.table.schema, options.target, id).type, options.goal)
      checkGroups(id, data.table.schema, { ...options, goal })
      const condition = options.gate?.(gateMetrics(goal)).expr
      const spec: TrainSpec = {
        target: options.target,
        ...(goal.kind === 'binary' ? {} : { goal }),
        ...(options.threshold === undefined ? {} : { threshold: thresholdOf(id, options.threshold, goal.kind === 'binary') }), // biome-ignore format: one line
        ...(options.weight === undefined ? {} : { weight: options.weight }),
        features: options.features,
        fit: options.fit ?? [],
        candidates: options.candidates,
        gate: condition ? { condition, title: printExpr(condition) } : null,
        seed: options.seed ?? 1,
      }
      return { step: add(id, 'train', [data.step], spec, options) }
    },
    serve(id, model, options) {
      optionsOf(options, SERVE_OPTIONS, `serve '${id}'`)
      checkServed(name, [...steps.values()], id, model, options)
      checkTimes(id, options)
      const micros = (d: Col<'duration'> | undefined, otherwise: number) =>
        d?.expr.op === 'lit' ? Number(d.expr.value) : otherwise
      const spec: ServeSpec = {
        entry: options.entry,
        input: options.input,
        lateness: micros(options.lateness, DAY),
        ahead: micros(options.ahead, DAY),
        warmUntil: options.warmUntil ?? null,
        watchRows: options.watch?.rows ?? 1000,
        watchSpan: micros(options.watch?.over, 7 * DAY),
      }
      add(id, 'serve', [model.step], spec, options)
    },
  }
  try {
    declare(kitchen)
  } catch (error) {
    throw placed(error, name, [...steps.keys()].at(-1))
  }
  if (steps.size === 0)
    throw new GalleyError('RECIPE_INVALID', {
      what: `the recipe '${name}' has no steps`,
      fix: 'declare at least a source and a dataset',
    })
  return Object.freeze({ format: 1, name, steps: [...steps.values()], ...checked })
}

export const hashRecipe = (r: Recipe): string => hashJson(untimed(r))
