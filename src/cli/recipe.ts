import { statSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { GalleyError } from '../base/errors.ts'
import type { Recipe } from '../runs/specs.ts'

const Shape = z.object({
  format: z.literal(1),
  name: z.string(),
  steps: z.array(z.object({ id: z.string(), kind: z.string(), inputs: z.array(z.string()) })),
})

let hooked = false
/** A recipe anywhere on the disk says `from 'galley'`; it means the copy that runs it. */
function hook(): void {
  if (hooked) return
  hooked = true
  const galley = new URL('../index.ts', import.meta.url).href
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'galley' ? { url: galley, shortCircuit: true } : next(specifier, context),
  })
}

/** Loads a recipe file: a `.ts` module whose default export is a recipe. @throws RECIPE_NOT_FOUND, RECIPE_INVALID, PLAN_* */
export async function loadRecipe(path: string): Promise<{ recipe: Recipe; folder: string }> {
  const file = resolve(path)
  const folder = statSync(file, { throwIfNoEntry: false })?.isDirectory()
  if (path === '' || folder !== false)
    throw new GalleyError('RECIPE_NOT_FOUND', {
      what: path === '' ? 'no recipe is named' : folder ? `${path} is a folder` : `there is no recipe at ${path}`,
      fix: 'name a .ts file, for instance recipes/flight-delay/recipe.ts',
    })
  hook()
  let loaded: { default?: unknown }
  try {
    loaded = (await import(pathToFileURL(file).href)) as { default?: unknown }
  } catch (thrown) {
    if (thrown instanceof GalleyError) throw thrown
    throw new GalleyError('RECIPE_INVALID', {
      what: `the recipe ${path} could not be loaded`,
      why: thrown instanceof Error ? `${thrown.message}${placeIn(thrown)}` : String(thrown),
      fix: 'correct the file; your editor shows where',
      cause: thrown,
    })
  }
  const shape = Shape.safeParse(loaded.default)
  if (!shape.success)
    throw new GalleyError('RECIPE_INVALID', {
      what: `${path} does not default-export a recipe`,
      why: shape.error.issues[0]?.message ?? 'unknown',
      fix: "write: export default recipe('name', (k) => { … })",
    })
  return { recipe: loaded.default as Recipe, folder: dirname(file) }
}

/** Where in the file it is, as the runtime tells it on the first line of the stack. */
function placeIn(error: Error): string {
  const line = /:(\d+)(?::\d+)?$/.exec((error.stack ?? '').split('\n', 1)[0] ?? '')?.[1]
  return line && error instanceof SyntaxError ? `, on line ${line}` : ''
}
