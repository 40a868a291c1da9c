import type { Scope } from '../../base/scope.ts'
import { placeOf, trace } from '../../runs/lineage/trace.ts'
import type { Recipe } from '../../runs/specs.ts'
import type { ApiWare, NounHandlers } from './handlers.ts'

/** Every recipe that ran, as it was the last time. */
async function recipesOf({ store }: ApiWare, scope: Scope): Promise<Recipe[]> {
  const recipes: Recipe[] = []
  for (let cursor: string | undefined, first = true; first || cursor; first = false) {
    const page = await store.runs.newest(scope, { limit: 500, cursor })
    for (const { recipeJson } of page.items) if (recipeJson) recipes.push(recipeJson as Recipe)
    cursor = page.next
  }
  return recipes
}

export const lineage: NounHandlers<'lineage'> = {
  trace: async ({ ware, scope, query }) => {
    const recipes = await recipesOf(ware, scope)
    const { of, links, more } = trace(recipes, placeOf(recipes, query.of), {
      direction: query.direction ?? 'up',
      rows: query.rows === 'true',
      limit: query.limit ?? 1000,
    })
    return { of, links: links.map((l) => ({ ...l, how: [...l.how] })), more }
  },
}
