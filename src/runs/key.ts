import { GalleyError } from '../base/errors.ts'
import { hashJson } from '../base/hash.ts'
import type { Scope } from '../base/scope.ts'
import type { Store } from '../store/store.ts'
import { because, type KeyParts } from './because.ts'
import { codeHash } from './code.ts'
import type { Output, StepKind } from './kind.ts'
import type { Recipe, Step } from './specs.ts'
import type { StepRun } from './step.ts'

/** What a step's key is made of, beside its kind. */
interface Keyed {
  readonly recipe: Recipe
  readonly step: Step
  readonly outputs: ReadonlyMap<string, Output>
  readonly folder: string
  readonly signal: AbortSignal
  readonly started: number
  say(text: string): void
}

/** The key of a step's output, and what it is made of: what the step reads, what it does, and the code that does it. */
export async function cacheKey(
  { version, scope, store }: { version: string; scope: Scope; store: Store },
  kind: StepKind<never, never>,
  s: Keyed,
  watched: Map<string, string>,
): Promise<{ key: string; parts: KeyParts }> {
  const { step } = s
  const { folder, recipe, signal, started, say } = s
  const input = <T extends Output>(id: string): T => inputOf(s.outputs, step, id)
  const hash = (id: string) => input(id).hash
  const watch = (path: string, stamp: string) => void watched.set(path, stamp)
  const about = { scope, store, folder, recipe, step, signal, started, say, hash, input, watch }
  const spec = kind.identity ? await kind.identity(step.spec as never, about) : step.spec
  const parts: KeyParts = {
    galley: version,
    kind: step.kind,
    spec: hashJson(spec),
    code: codeHash(kind.module),
    inputs: step.inputs.map((id) => [id, hash(id)]),
  }
  return { key: hashJson({ format: 3, id: step.id, ...parts }), parts }
}

/** The output of an earlier step. @throws RECIPE_INVALID for one that has not run */
export function inputOf<T extends Output>(outputs: ReadonlyMap<string, Output>, step: Step, id: string): T {
  const output = outputs.get(id)
  if (!output)
    throw new GalleyError('RECIPE_INVALID', {
      what: `step '${step.id}' reads '${id}', which has not run`,
      fix: 'declare steps before the ones that use them',
    })
  return output as T
}

/** Why a step runs that an earlier run of the recipe had; nothing where none had it. */
export async function whyAgain(
  { step, earlier }: Pick<StepRun, 'step' | 'earlier'>,
  parts: KeyParts,
): Promise<string[]> {
  const newest = await earlier.step(step.id)
  const was = newest?.keyParts as KeyParts | null | undefined
  if (!newest || !was) return []
  const before = (await earlier.recipe(newest.run))?.steps.find(({ id }) => id === step.id)
  if (!before) return []
  const told = because(step, parts, { parts: was, step: before })
  return told.length > 0 ? told : ['what it left is no longer kept']
}
