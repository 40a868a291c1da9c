import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import type { Scope } from '../../base/scope.ts'
import { everything } from '../../data/datasets/keep/everything.ts'
import { createLedger } from '../../engines/ledger.ts'
import type { Run } from '../../store/runs.ts'
import type { Step as StepRecord } from '../../store/steps.ts'
import type { Store } from '../../store/store.ts'
import type { KeyParts } from '../because.ts'
import { Meeting } from '../beside.ts'
import { codeHash } from '../code.ts'
import { contextOf } from '../context.ts'
import { asDeclared } from '../declared.ts'
import { grows } from '../incremental/former.ts'
import type { AnyStepKind, Output, StepContext } from '../kind.ts'
import { restored } from '../portable.ts'
import { type Ended, runSteps } from '../schedule.ts'
import { Settling } from '../settling.ts'
import type { OnnxSpec, ProcessSpec, Recipe, Step } from '../specs.ts'
import { type Kitchenware, kindOf } from '../step.ts'
import type { DatasetOutput } from '../steps/dataset.ts'
import type { SourceOutput } from '../steps/source.ts'
import { firstDifference, sameRows } from './first.ts'
import { asReadThen } from './then.ts'

/** What became of a step when it was computed again. */
export interface Replayed {
  readonly step: string
  readonly kind: string
  /** `same`: to the bit; `rows`: the same rows in other files; `read`: what was read then stands; `differs`; `apart`: an effect that is not done again. */
  readonly state: 'same' | 'rows' | 'read' | 'differs' | 'apart'
  /** Where it differs first, or why it is left out. */
  readonly says?: string
  /** What of the code that computes it is not what it was. */
  readonly code?: string
  readonly seconds: number
}

export interface ReplayResult {
  readonly run: number
  readonly recipe: string
  readonly steps: readonly Replayed[]
  readonly identical: boolean
}

/** Kinds that act on the world, and are not done again. */
const EFFECTS: Readonly<Record<string, string>> = {
  serve: 'it is not deployed again',
  approval: 'nobody is asked again',
}

/**
 * Computes a run again from what it kept: its recipe as data, what its sources gave, its seeds, its moment, its engine. Nothing is taken from the cache, nothing is
 * published; each step's content is compared with what the run left.
 * @throws RUN_UNKNOWN; SOURCE_MISSING where what a source gave then is no longer there; STEP_FAILED for a run that was not done
 */
export async function replay(
  ware: Kitchenware,
  scope: Scope,
  which: number | string,
  options: { signal: AbortSignal; on: (step: Replayed) => void },
): Promise<ReplayResult> {
  const { store, clock } = ware
  const record = await store.runs.get(scope, which)
  const declared = asDeclared(record.recipeJson as Recipe)
  const then = new Map(
    (await everything((cursor) => store.steps.list(scope, record.id, { limit: 500, cursor }))).map((s) => [s.id, s]),
  )
  const recipe = asTaken(declared, then)
  requireDone(record, recipe, then)
  const hashes = new Map(recipe.steps.map(({ id }) => [id, ((then.get(id) as StepRecord).output as Output).hash]))
  const outputs = new Map<string, Output>()
  const told = new Map<string, Replayed>()
  const meeting = new Meeting()
  await runSteps(recipe.steps, Math.max(1, ware.threads), async (step): Promise<Ended> => {
    throwIfAborted(options.signal)
    meeting.begin(step.id)
    const began = clock.ticks()
    const kind = kindOf(ware, step)
    const row = then.get(step.id) as StepRecord
    const before = restored(row.output as Output, store.home.path)
    const parts = row.keyParts as KeyParts | null
    const of = { recipe, step, record, kind, before, parts, outputs, was: hashes, signal: options.signal }
    const { output, ...found } = await again(ware, scope, of, meeting).finally(() => meeting.end(step.id))
    outputs.set(step.id, output)
    const code = codeOf(ware.version, kind, parts)
    const one: Replayed = { step: step.id, kind: step.kind, ...found, ...(code ? { code } : {}), seconds: (clock.ticks() - began) / 1000 } // biome-ignore format: one line
    told.set(step.id, one)
    options.on(one)
    return 'done'
  })
  const steps = recipe.steps.flatMap(({ id }) => told.get(id) ?? [])
  return { run: record.number, recipe: recipe.name, steps, identical: steps.every((s) => s.state !== 'differs') }
}

/** The recipe as the run took it: without branches that it left out, and steps that failed while others stood in. */
function asTaken(recipe: Recipe, then: ReadonlyMap<string, StepRecord>): Recipe {
  const left = new Set(recipe.steps.flatMap(({ id }) => (isLeft(then.get(id)?.status) ? [id] : [])))
  const taken = recipe.steps.filter((s) => !left.has(s.id))
  const steps = taken.map(({ after: _, ...s }) => (s.kind === 'either' ? { ...s, inputs: s.inputs.filter((id) => !left.has(id)).slice(-1) } : s)) // biome-ignore format: one line
  return { ...recipe, steps }
}
const isLeft = (status: string | undefined): boolean => status === 'skipped' || status === 'failed'

interface Asked {
  readonly recipe: Recipe
  readonly step: Step
  readonly record: Run
  readonly kind: AnyStepKind
  /** What the run left of the step. */
  readonly before: Output
  readonly parts: KeyParts | null
  readonly outputs: ReadonlyMap<string, Output>
  /** What the run left, by the identity of its content. */
  readonly was: ReadonlyMap<string, string>
  readonly signal: AbortSignal
}

async function again(
  ware: Kitchenware,
  scope: Scope,
  asked: Asked,
  meeting: Meeting,
): Promise<Pick<Replayed, 'state' | 'says'> & { output: Output }> {
  const { step, kind, before, record, recipe, outputs, signal } = asked
  const effect =
    step.kind === 'process' && !(step.spec as ProcessSpec).gives
      ? 'it makes no table, and is not done again'
      : step.kind === 'onnx' && (step.spec as OnnxSpec).file !== null
        ? 'its file is kept within the model, and is not judged again'
        : EFFECTS[step.kind]
  if (effect) return { output: before, state: 'apart', says: effect }
  if (step.kind === 'source') {
    const of = { recipe, step, run: record, output: before as SourceOutput, parts: asked.parts, signal }
    return { output: await asReadThen(ware.store, scope, of), state: 'read' }
  }
  const settling = new Settling()
  const ctx = contextOf(ware, scope, {
    ...{ recipe, step, record, outputs, signal, started: record.started },
    ...{ engine: before.computed ? (before.computed.by === 'processor' ? 'processor' : 'gpu') : 'processor' },
    ...{ folder: '/', ledger: createLedger(), beside: meeting.of(step.id), on: () => {}, settling },
  })
  let output: Output
  try {
    const ran = await kind.run({ ...ctx, store: asOfThen(ware.store, step, before) } as StepContext<never>)
    if ('approval' in ran) return { output: before, state: 'apart', says: 'nobody is asked again' }
    output = ran.output
    await settling.settle()
  } catch (thrown) {
    // it passed then: what it is held against is of now
    if (!(thrown instanceof GalleyError && (thrown.code === 'QUALITY_FAILED' || thrown.code === 'DATASET_UNKNOWN')))
      throw thrown
    const gone = thrown.code === 'DATASET_UNKNOWN' ? 'the version that it went on from is gone: ' : ''
    return { output: before, state: 'differs', says: `${gone}${thrown.what}` }
  }
  // with the names that the run gave it: a version, a folder
  if (output.hash === before.hash) return { output: before, state: 'same' }
  // added to by and by then, computed as a whole now
  if (grows(recipe, step.id) && (await ware.duckdb.session(ctx, (query) => sameRows(before, output, query))))
    return { output: before, state: 'rows', says: 'computed as a whole, and not by and by' }
  const made = step.inputs.filter((id) => differs(asked, id))
  const says = await ware.duckdb.session(ctx, (query) => firstDifference(before, output, query))
  return { output, state: 'differs', says: made.length > 0 ? `${says} (made of '${made.join("', '")}', which differs)` : says } // biome-ignore format: one line
}

/** Whether an input came out otherwise: what reads it need not come out the same. */
const differs = ({ outputs, was }: Asked, id: string): boolean => outputs.get(id)?.hash !== was.get(id)

/** The store as it was for a write that goes on from the version before. */
function asOfThen(store: Store, { id, kind }: Step, before: Output): Store {
  if (kind !== 'dataset') return store
  const { version, write } = before as DatasetOutput
  const base = write?.contained ? version : version - 1
  const { datasets } = store
  const find: Store['datasets']['find'] = (scope, name, at) =>
    name !== id || at !== undefined
      ? datasets.find(scope, name, at)
      : base < 1
        ? Promise.resolve(undefined)
        : datasets.get(scope, name, base)
  return { ...store, datasets: { ...datasets, find } }
}

/** What of the code is not what it was; undefined where nothing is, or where it was not kept. */
function codeOf(version: string, kind: AnyStepKind, parts: KeyParts | null): string | undefined {
  if (!parts || parts.code === codeHash(kind.module)) return undefined
  return parts.galley === version
    ? `Galley's own code for it changed since`
    : `Galley was ${parts.galley} then, and is ${version}`
}

function requireDone(record: Run, recipe: Recipe, then: ReadonlyMap<string, StepRecord>): void {
  const open = recipe.steps.find(({ id }) => then.get(id)?.status !== 'done')
  if (record.status === 'done' && !open) return
  throw new GalleyError('STEP_FAILED', {
    what: `run ${record.number} can't be replayed: it ${record.status === 'done' ? `has no '${open?.id}'` : `is ${record.status}`}`,
    why: 'there is nothing to hold its steps against',
    fix: 'replay a run that is done: galley runs ls',
  })
}
