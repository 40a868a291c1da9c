import { Command } from 'commander'
import { GalleyError } from '../base/errors.ts'
import type { SourceSpec } from '../data/connectors/connector.ts'
import { createDuckdbEngine } from '../engines/duckdb/index.ts'
import { createLedger } from '../engines/ledger.ts'
import { createRowEngine } from '../engines/row/index.ts'
import { createWebgpuEngine } from '../engines/webgpu/index.ts'
import { candidateNames } from '../ml/training/names.ts'
import { fitName, fitReads } from '../plan/fits/index.ts'
import { growsText, howItGrows } from '../runs/incremental/told.ts'
import type { AnalyseSpec, DatasetSpec, PlanSpec, ServeSpec, Step, TrainSpec } from '../runs/specs.ts'
import { branchText } from './explain/branch.ts'
import { explainServe } from './explain/endpoint.ts'
import { expectationText, expectedScan } from './explain/expectations.ts'
import { fusedPart, fusedText } from './explain/fused.ts'
import { serveJson, tableJson } from './explain/json.ts'
import { explainSource, sourceText } from './explain/source.ts'
import { explainTable, type Kitchen, rowsOfStep } from './explain/step.ts'
import { labelled, serveText, tableText } from './explain/text.ts'
import { bold, print } from './output.ts'
import { loadRecipe } from './recipe.ts'

interface Options {
  readonly json?: boolean
  readonly before?: boolean
  readonly sql: boolean
}

export function explain(): Command {
  return new Command('explain')
    .description(
      'show what a recipe will do, and run nothing: plans, columns, rows, engines and why, SQL, endpoint state',
    )
    .argument('<recipe>', 'a .ts file that default-exports a recipe')
    .argument('[step]', 'only this step')
    .option('--before', 'the plan as it is written, too')
    .option('--no-sql', 'without the SQL')
    .option('--json', 'as JSON')
    .action(async (path: string, only: string | undefined, options: Options) => {
      const { recipe, folder } = await loadRecipe(path)
      const steps = recipe.steps.filter((s) => !only || s.id === only)
      if (steps.length === 0)
        throw new GalleyError('USAGE_INVALID', {
          what: `there is no step '${only}'`,
          why: `the recipe '${recipe.name}' does not declare it`,
          fix: `the steps are ${recipe.steps.map((s) => s.id).join(', ')}`,
        })
      const duckdb = createDuckdbEngine({ memoryMiB: 128, threads: 1, temp: '/tmp' })
      const kitchen: Kitchen = {
        recipe,
        folder,
        duckdb,
        engines: [duckdb, createRowEngine(), createWebgpuEngine({ host: duckdb, memoryMiB: 128 })],
        ctx: {
          scope: { workspace: 'explain', caller: 'explain' },
          signal: new AbortController().signal,
          ledger: createLedger(),
        },
        known: new Map(),
      }
      try {
        if (options.json) {
          const told = []
          for (const step of steps) told.push(await stepJson(kitchen, step))
          print(JSON.stringify({ recipe: recipe.name, steps: told }, null, 2))
        } else for (const step of steps) await printStep(kitchen, step, options)
      } finally {
        await duckdb.close()
      }
    })
}

const hasPlan = (step: Step): step is Step<PlanSpec> => (step.spec as Partial<PlanSpec>).plan !== undefined

async function printStep(kitchen: Kitchen, step: Step, options: Options): Promise<void> {
  print(`${bold(`${step.kind} ${step.id}`)}${step.inputs.length > 0 ? `  ← ${step.inputs.join(', ')}` : ''}`)
  for (const line of await textOf(kitchen, step, options)) print(line && `  ${line}`)
  print()
}

const textOf = async (kitchen: Kitchen, step: Step, options: Options): Promise<string[]> => [
  ...branchText(step),
  ...(await ownText(kitchen, step, options)),
]

async function ownText(kitchen: Kitchen, step: Step, options: Options): Promise<string[]> {
  if (hasPlan(step)) {
    const told = tableText(await explainTable(kitchen, step), { before: options.before === true, sql: options.sql })
    const expected = step.kind === 'dataset' ? expectedScan(step.spec as DatasetSpec, kitchen.duckdb) : undefined
    const grows = howItGrows(kitchen.recipe, step.id).flatMap((g, i) => labelled(i === 0 ? 'grows' : '', growsText(g)))
    return [...grows, ...told, ...(expected ? expectationText(expected, options) : [])]
  }
  if (step.kind === 'serve')
    return serveText(explainServe(kitchen.recipe, step as Step<ServeSpec>), kitchen, { sql: options.sql })
  if (step.kind === 'train') {
    const { features, fit, candidates, target } = step.spec as TrainSpec
    return [
      `target   ${target}`,
      ...labelled('features', features.join(', ')),
      ...(fit.length > 0
        ? [
            `fits     ${fit.map((f) => `${fitName(f)}(${fitReads(f).join(', ')})`).join(', ')} — on training rows, bound as constants`,
          ]
        : []),
      `trains   ${candidateNames(candidates).join(', ')}`,
      ...fusedText(await fusedPart(kitchen, step.id)),
    ]
  }
  if (step.kind === 'source') return sourceText(await explainSource(kitchen, step as Step<SourceSpec>))
  const { target } = step.spec as Partial<AnalyseSpec>
  return step.kind === 'analyse' ? [`reports  every column of ${step.inputs.join(', ')}${target ? `, and each beside ${target}` : ''}`] : [] // biome-ignore format: one line
}

async function stepJson(kitchen: Kitchen, step: Step): Promise<object> {
  const head = { id: step.id, kind: step.kind, inputs: step.inputs, ...(step.after ? { after: step.after } : {}) }
  if (hasPlan(step)) {
    const expected = step.kind === 'dataset' ? expectedScan(step.spec as DatasetSpec, kitchen.duckdb) : undefined
    const grows = howItGrows(kitchen.recipe, step.id)
    return { ...head, ...tableJson(await explainTable(kitchen, step)), ...(grows.length > 0 ? { grows } : {}), ...(expected ? { expected } : {}) } // biome-ignore format: one line
  }
  if (step.kind === 'serve') return { ...head, ...serveJson(explainServe(kitchen.recipe, step as Step<ServeSpec>)) }
  if (step.kind === 'source') {
    const { rows, columns, unread } = await explainSource(kitchen, step as Step<SourceSpec>)
    return { ...head, ...rows, columns, unread, spec: step.spec }
  }
  const fused = step.kind === 'train' ? { fused: await fusedPart(kitchen, step.id) } : {}
  return { ...head, ...(await rowsOfStep(kitchen, step.id)), spec: step.spec, ...fused }
}
