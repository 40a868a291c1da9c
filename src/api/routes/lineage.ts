import type { Scope } from '../../base/scope.ts'
import { createLedger } from '../../engines/ledger.ts'
import type { Schema } from '../../plan/types.ts'
import { originsOf } from '../../runs/lineage/origins.ts'
import { placeOf, trace } from '../../runs/lineage/trace.ts'
import type { Recipe } from '../../runs/specs.ts'
import type { ApiWare, NounHandlers } from './handlers.ts'
import { conditionOf } from './selection.ts'

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
