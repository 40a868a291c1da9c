import type { Scope } from '../../base/scope.ts'
import { everything } from '../../data/datasets/keep/everything.ts'
import { createLedger } from '../../engines/ledger.ts'
import type { Schema } from '../../plan/types.ts'
import { originsOf } from '../../runs/lineage/origins.ts'
import { placeOf, trace } from '../../runs/lineage/trace.ts'
import type { Recipe } from '../../runs/specs.ts'
import type { VersionOrigin } from '../../store/datasets.ts'
import type { ApiWare, NounHandlers } from './handlers.ts'
import { conditionOf } from './selection.ts'

/** Every recipe that ran, as it was the last time: here, or where a newest version was made that is here by reference. */
async function recipesOf({ store }: ApiWare, scope: Scope): Promise<Recipe[]> {
  const recipes = new Map<string, { recipe: Recipe; at: number }>()
  const ran = (recipe: Recipe | null | undefined, at: number) => {
    if (recipe && at >= (recipes.get(recipe.name)?.at ?? 0)) recipes.set(recipe.name, { recipe, at })
  }
  for (const r of await everything((cursor) => store.runs.newest(scope, { limit: 500, cursor })))
    ran(r.recipeJson as Recipe | null, r.started)
  for (const v of await store.datasets.brought(scope))
    ran((v.origin as VersionOrigin).recipeJson as Recipe | null | undefined, v.created)
  return [...recipes.values()].map((r) => r.recipe)
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
  rows: async ({ ware, scope, query, signal }) => {
    const of = await ware.store.tags.resolve(scope, query.of)
    const engines = { duckdb: ware.duckdb, scope, signal, ledger: createLedger() }
    const asked = { of, where: conditionOf(query.where, of.schema as Schema), limit: query.limit ?? 20 }
    const { sources, ...found } = await originsOf(engines, ware.store, scope, asked)
    return {
      ...found,
      sources: sources.map(({ schema, rows, ...s }) => ({
        ...s,
        schema: schema.map((f) => ({ ...f })),
        rows: [...rows],
      })),
    }
  },
}
