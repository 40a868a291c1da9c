import type { Recipe } from '../../src/runs/specs.ts'
import type { TableOutput } from '../../src/runs/steps/table.ts'
import type { Written } from './datasets.ts'

/** Runs a recipe, and gives how its steps were computed. */
export async function toldIn(w: Written, made: Recipe) {
  const { outputs, cached } = await w.ran(made)
  const said = made.steps.flatMap(({ id }) => {
    const { told: text } = outputs.get(id) as Partial<TableOutput>
    return text === undefined || cached.includes(id) ? [] : [`${id}: ${text}`]
  })
  return { outputs, said }
}
