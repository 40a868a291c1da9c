import { Command } from 'commander'
import { GalleyError } from '../base/errors.ts'
import { createDuckdbEngine } from '../engines/duckdb/index.ts'
import { isGaps } from '../engines/engine.ts'
import { build, plan } from '../plan/nodes.ts'
import { printPlan } from '../plan/print.ts'
import { bindScans } from '../plan/walk.ts'
import type { PlanSpec } from '../runs/specs.ts'
import { bold, print } from './output.ts'
import { loadRecipe } from './recipe.ts'

export function explain(): Command {
  return new Command('explain')
    .description('show what a recipe will do: each step, its plan with the schema at every node, and the SQL')
    .argument('<recipe>', 'a .ts file that default-exports a recipe')
    .option('--step <id>', 'only this step')
    .option('--json', 'print the recipe as JSON')
    .action(async (path: string, options: { step?: string; json?: boolean }) => {
      const { recipe } = await loadRecipe(path)
      if (options.json) return print(JSON.stringify(recipe))
      const steps = recipe.steps.filter((s) => !options.step || s.id === options.step)
      if (steps.length === 0)
        throw new GalleyError('USAGE_INVALID', {
          what: `there is no step '${options.step}'`,
          fix: `the steps are ${recipe.steps.map((s) => s.id).join(', ')}`,
        })
      const engine = createDuckdbEngine({ memoryMiB: 128, threads: 1, temp: '/tmp' })
      for (const step of steps) {
        print(`${bold(`${step.kind} ${step.id}`)}${step.inputs.length > 0 ? `  ← ${step.inputs.join(', ')}` : ''}`)
        const { plan: p } = step.spec as Partial<PlanSpec>
        if (!p) continue
        print(printPlan(p.root))
        const bound = bindScans(p.root, (from, scan) =>
          'name' in from
            ? build({ op: 'scan', from: { kind: 'parquet', files: [from.name] }, schema: scan.schema })
            : undefined,
        )
        const prepared = engine.prepare(plan(bound))
        print(
          isGaps(prepared)
            ? prepared.map((g) => `gap at ${g.node}: ${g.reason}`).join('\n')
            : `duckdb\n${prepared.explain()}\n`,
        )
      }
      await engine.close()
    })
}
