import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { type Config, readConfig } from '../../base/config.ts'
import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { createLedger } from '../../engines/ledger.ts'
import { type Device, noDevice, openDevice } from '../../engines/webgpu/device.ts'
import { createWebgpuEngine } from '../../engines/webgpu/index.ts'
import { probeDevice } from '../../engines/webgpu/probe.ts'
import { whyOf } from '../../ml/training/device/fallback.ts'
import { learnFused } from '../../ml/training/fused/fused.ts'
import { onHost } from '../../ml/training/fused/host.ts'
import type { Means } from '../../ml/training/fused/means.ts'
import { onDevice } from '../../ml/training/fused/resident.ts'
import { sourceFiles } from '../../ml/training/fused/sources.ts'
import { inStages } from '../../ml/training/fused/staged.ts'
import { Spending } from '../../runs/budget.ts'
import type { Recipe } from '../../runs/specs.ts'
import { interruptible } from '../interrupt.ts'
import { note, print } from '../output.ts'
import { loadRecipe } from '../recipe.ts'
import { type Measured, measuredOf, tell, WAYS, type Way } from './measured.ts'

const RECIPE = fileURLToPath(new URL('../../../recipes/flight-delay/recipe.ts', import.meta.url))

interface Options {
  readonly rows?: string
  readonly step?: string
  readonly ways: string
  readonly memory: string
  readonly json?: boolean
}

/** What is asked, checked. */
interface Asked {
  readonly recipe: Recipe
  readonly folder: string
  readonly step: string
  readonly ways: readonly Way[]
  readonly rows: number | undefined
  /** MiB */
  readonly memory: number
}

/** One recipe from its files to judged models: within the device, stage by stage over it, and on the processor. */
export function benchGpu(): Command {
  return new Command('gpu')
    .description('a recipe from its files to judged models: inside the GPU, in stages, and on the processor')
    .argument('[recipe]', 'a .ts file that default-exports a recipe with a train step (the flight delays)', RECIPE)
    .option('--rows <n>', 'take so many rows of the largest source')
    .option('--step <id>', 'the step that trains (the first one)')
    .option('--ways <names>', 'which ways, of fused,staged,processor', WAYS.join(','))
    .option('--memory <MiB>', "how much of the device's memory a table or plan may take", '4096')
    .option('--json', 'print JSON')
    .action(async (path: string, options: Options) => {
      const asked = { ...(await loadRecipe(path)), ...checked(options) }
      const step = stepOf(asked.recipe, options.step)
      const temp = mkdtempSync(join(tmpdir(), 'galley-bench-'))
      try {
        const { device, measured } = await interruptible((signal) =>
          measure({ ...asked, step }, temp, readConfig(), signal),
        )
        if (options.json) print(JSON.stringify({ device, recipe: asked.recipe.name, step, measured }))
        else tell(`${asked.recipe.name} · ${step}`, device, measured)
        for (const { way, stages } of measured) {
          const spending = new Spending(way === 'fused' ? asked.recipe.budget : {})
          for (const [stage, entry] of Object.entries(stages)) spending.add(stage, entry)
        }
      } finally {
        rmSync(temp, { recursive: true, force: true })
      }
    })
}

async function measure(asked: Asked, temp: string, config: Config, signal: AbortSignal) {
  const { recipe, folder, step, ways, rows, memory } = asked
  const host = createDuckdbEngine({ memoryMiB: config.memoryMiB, temp: join(temp, 'duckdb') })
  const device = ways.some((way) => way !== 'processor') ? await opened() : undefined
  const left: string[] = []
  const say = (why: string) => {
    left.push(why)
    note(`  left to the processor: ${why}`)
  }
  const open = async () => device ?? openDevice()
  const engine = createWebgpuEngine({ host, open, memoryMiB: memory, say, failed: say })
  let files = 0
  const means: Record<Way, () => Means> = {
    fused: () => onDevice(engine, recipe.device),
    staged: () => inStages(engine, memory * 2 ** 20),
    processor: () => onHost(host, () => join(temp, `stage-${files++}.parquet`)),
  }
  const context = () => ({ scope: { workspace: 'bench', caller: 'bench' }, signal, ledger: createLedger() })
  try {
    const sources = await sourceFiles(recipe, { folder, temp, rows }, host, context())
    const measured: Measured[] = []
    for (const way of ways) {
      note(`${way} …`)
      left.length = 0
      if (device) device.memory.peak = device.memory.live
      const began = performance.now()
      const learnt = (by: Way) =>
        learnFused({
          ...{ means: means[by](), recipe, step, ctx: context(), threads: config.threads ?? 2, say },
          rows: (id) => ({ files: sources.get(id) ?? [] }),
          begins: (stage) => note(`  ${stage}`),
        })
      const result = await learnt(way).catch((thrown: unknown) => {
        throwIfAborted(signal)
        if (way === 'processor') throw thrown
        say(`all of it: ${whyOf(thrown)}`)
        return learnt('processor')
      })
      const seconds = (performance.now() - began) / 1000
      measured.push(measuredOf(way, result, { seconds, peak: device?.memory.peak ?? 0, left: [...left] }))
    }
    return { device: device?.name ?? null, measured }
  } finally {
    await engine.close()
    await host.close()
  }
}

/** The machine's device, once a process of its own has opened it. @throws DEVICE_MISSING */
async function opened(): Promise<Device> {
  const found = await probeDevice()
  if (typeof found === 'string') throw noDevice(found)
  return openDevice()
}

function checked({ rows, memory, ways }: Options) {
  const names = ways.split(',').map((w) => w.trim())
  const unknown = names.find((w) => !(WAYS as readonly string[]).includes(w))
  if (unknown !== undefined)
    throw new GalleyError('USAGE_INVALID', {
      what: `there is no way '${unknown}'`,
      fix: `there are ${WAYS.join(', ')}`,
    })
  return {
    ways: names as Way[],
    rows: rows === undefined ? undefined : count('--rows', rows),
    memory: count('--memory', memory),
  }
}

/** The train step of that id, or the first. @throws USAGE_INVALID */
function stepOf(recipe: Recipe, id: string | undefined): string {
  const trains = recipe.steps.filter((s) => s.kind === 'train').map((s) => s.id)
  const [first] = trains
  if (first === undefined)
    throw new GalleyError('USAGE_INVALID', {
      what: `the recipe '${recipe.name}' trains nothing`,
      fix: 'name one with a train step',
    })
  if (id === undefined || trains.includes(id)) return id ?? first
  throw new GalleyError('USAGE_INVALID', {
    what: `the recipe '${recipe.name}' has no train step '${id}'`,
    fix: `it has ${trains.join(', ')}`,
  })
}

function count(option: string, text: string): number {
  const n = Number(text)
  if (Number.isSafeInteger(n) && n > 0) return n
  throw new GalleyError('USAGE_INVALID', { what: `${option} is '${text}'`, fix: 'give a whole number above 0' })
}
