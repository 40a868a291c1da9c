import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { systemClock } from '../base/clock.ts'
import { GalleyError } from '../base/errors.ts'
import type { Partitioned } from '../runs/partitions/partitioned.ts'
import { newestPartitions } from '../runs/partitions/states.ts'
import { hashRecipe, recipe } from '../runs/recipe.ts'
import type { Recipe } from '../runs/specs.ts'
import { printError } from './output.ts'
import { hook, importAnew } from './recipe/anew.ts'
import { mistake } from './recipe/mistake.ts'
import { located, placeOf, remembering } from './recipe/place.ts'

/** What a recipe made by hand has to have; the kinds of steps look at their specs themselves. */
const Shape = z.object({
  format: z.literal(1),
  name: z.string(),
  steps: z.array(
    z.object({
      id: z.string(),
      kind: z.string(),
      inputs: z.array(z.string()),
      spec: z.custom((v) => typeof v === 'object' && v !== null && !Array.isArray(v), 'it has to be an object'),
    }),
  ),
})

/**
 * Loads a recipe file: a `.ts` module whose default export is a recipe. Of one that is run partition by partition it gives a partition: the one that
 * is named, or the newest whose window is over. @throws RECIPE_NOT_FOUND, RECIPE_INVALID, PARTITION_UNKNOWN, PLAN_*
 */
export async function loadRecipe(path: string, partition?: string): Promise<{ recipe: Recipe; folder: string }> {
  const { made, folder } = await loadDeclared(path)
  return { recipe: partitionsOf(made, partition)[0] as Recipe, folder }
}

/** The same, of every name of the newest window. */
export async function loadNewest(
  path: string,
  partition?: string,
): Promise<{ recipes: readonly Recipe[]; folder: string }> {
  const { made, folder } = await loadDeclared(path)
  return { recipes: partitionsOf(made, partition), folder }
}

/** @throws PARTITION_UNKNOWN */
function partitionsOf(made: Recipe | Partitioned, partition: string | undefined): Recipe[] {
  if (!('of' in made)) {
    if (partition === undefined) return [made]
    throw new GalleyError('PARTITION_UNKNOWN', {
      what: `'${made.name}' has no partitions`,
      why: 'it is a recipe that is run as a whole',
      fix: "leave --partition out, or declare it with partitioned('…', { day: daily('2026-01-01') }, (k, { day }) => { … })",
    })
  }
  const named = partition === undefined ? newestPartitions(made, systemClock.now()) : [partition]
  return named.map((name) => made.of(name))
}

/** What a recipe file default-exports: a recipe, or one for each partition; `anew`: as it is now, though it was loaded before. @throws RECIPE_NOT_FOUND, RECIPE_INVALID, PLAN_* */
export async function loadDeclared(
  path: string,
  { anew = false }: { readonly anew?: boolean } = {},
): Promise<{ made: Recipe | Partitioned; folder: string }> {
  const file = resolve(path)
  const { folder, why } = lookAt(file)
  if (path === '' || folder !== false)
    throw new GalleyError('RECIPE_NOT_FOUND', {
      what: path === '' ? 'no recipe is named' : folder ? `${path} is a folder` : `there is no recipe at ${path}`,
      ...(why ? { why } : {}),
      fix: 'name a .ts file, for instance recipes/flight-delay/recipe.ts',
    })
  hook()
  let loaded: { default?: unknown }
  try {
    const load = () => (anew ? importAnew(file) : import(pathToFileURL(file).href)) as Promise<{ default?: unknown }>
    loaded = await remembering(() => guarded(path, load))
  } catch (thrown) {
    throw await toldOf(path, thrown)
  }
  if (isPartitioned(loaded.default)) return { made: loaded.default, folder: dirname(file) }
  const shape = Shape.safeParse(loaded.default)
  if (!shape.success) throw notRecipe(path, reasonOf(shape.error, loaded.default))
  const made = loaded.default as Recipe
  checkNames(path, made)
  try {
    hashRecipe(made)
  } catch (cause) {
    throw notRecipe(path, `it is not plain data: ${(cause as Error).message}`, cause)
  }
  return { made, folder: dirname(file) }
}

const isPartitioned = (made: unknown): made is Partitioned =>
  typeof made === 'object' && made !== null && 'of' in made && typeof made.of === 'function' && 'dimensions' in made

/** What loading ended with, with its place in the recipe. */
async function toldOf(path: string, thrown: unknown): Promise<GalleyError> {
  const at = placeOf(thrown)
  if (thrown instanceof GalleyError) return located(thrown, at)
  return (
    (await mistake(thrown, at)) ??
    new GalleyError('RECIPE_INVALID', {
      what: `the recipe ${path} could not be loaded`,
      why: thrown instanceof Error ? thrown.message : String(thrown),
      fix: 'correct the file; your editor shows where',
      cause: thrown,
      ...(at ? { details: { at } } : {}),
    })
  )
}

/** Whether it is a folder; undefined when there is nothing that this user may look at, and why where that says more. */
function lookAt(file: string): { folder?: boolean | undefined; why?: string } {
  try {
    return { folder: statSync(file, { throwIfNoEntry: false })?.isDirectory() }
  } catch (error) {
    return { why: (error as NodeJS.ErrnoException).code ?? String(error) }
  }
}

/**
 * Loads, and tells where loading does not come back: a module that waits for what never comes lets the process run dry, and
 * one that ends the process would look like a run that is done.
 */
async function guarded<T>(path: string, load: () => Promise<T>): Promise<T> {
  const unfinished = (why: string, fix: string) =>
    new GalleyError('RECIPE_INVALID', { what: `the recipe ${path} never finished loading`, why, fix })
  let starve = (_: GalleyError): void => {}
  const starved = new Promise<never>((_, reject) => {
    starve = reject
  })
  const dry = () =>
    starve(unfinished('it waits (await) for something that never happens', 'let it declare its steps without waiting'))
  const ends = () => {
    const error = unfinished('it ended the process while it was loaded', 'remove its call of process.exit')
    printError(error) // there is no later than this
    process.exitCode = error.exit
  }
  process.on('beforeExit', dry)
  process.on('exit', ends)
  try {
    return await Promise.race([load(), starved])
  } finally {
    process.off('beforeExit', dry)
    process.off('exit', ends)
  }
}

const notRecipe = (path: string, why: string, cause?: unknown): GalleyError =>
  new GalleyError('RECIPE_INVALID', {
    what: `${path} does not default-export a recipe`,
    why,
    fix: "write: export default recipe('name', (k) => { … })",
    cause,
  })

/** The first thing that is not as it has to be, and the step that it is in. */
function reasonOf(error: z.ZodError, found: unknown): string {
  const issue = error.issues[0]
  const [top, at, ...rest] = issue?.path ?? []
  const why = issue?.message ?? 'unknown'
  if (top === undefined) return why
  if (top !== 'steps' || typeof at !== 'number') return `'${String(top)}': ${why}`
  const step = (found as { steps: readonly { id?: unknown }[] }).steps[at]
  const name = typeof step?.id === 'string' ? `step '${step.id}'` : `step ${at + 1}`
  return rest.length > 0 ? `'${rest.map(String).join('.')}' of ${name}: ${why}` : `${name}: ${why}`
}

/** Names become paths and keys, so those of a recipe made by hand are held to the rule of `recipe`, by declaring them there. */
function checkNames(path: string, { name, steps }: Recipe): void {
  try {
    recipe(name, (k) => {
      for (const { id } of steps) k.source(id, { connector: 'csv', path: '', columns: { any: 'bool' }, options: {} })
    })
  } catch (cause) {
    if (!(cause instanceof GalleyError)) throw cause
    throw new GalleyError('RECIPE_INVALID', {
      what: `${path} does not default-export a recipe`,
      why: cause.why ? `${cause.what.replace(/ a source$/, ' a step')}: ${cause.why}` : cause.what,
      ...(cause.fix ? { fix: cause.fix } : {}),
      cause,
    })
  }
}
