import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { readConfig } from '../../base/config.ts'
import { GalleyError } from '../../base/errors.ts'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { createLedger, type LedgerEntry } from '../../engines/ledger.ts'
import { openDevice } from '../../engines/webgpu/device.ts'
import { createWebgpuEngine } from '../../engines/webgpu/index.ts'
import { type FusedResult, learnFused } from '../../ml/training/fused/fused.ts'
import { inStages, type Means, onDevice, onHost } from '../../ml/training/fused/means.ts'
import { sourceFiles } from '../../ml/training/fused/sources.ts'
import { bytes } from '../../runs/text.ts'
import { interruptible } from '../interrupt.ts'
import { bold, note, print, table } from '../output.ts'
import { loadRecipe } from '../recipe.ts'

const RECIPE = fileURLToPath(new URL('../../../recipes/flight-delay/recipe.ts', import.meta.url))
const WAYS = ['fused', 'staged', 'processor'] as const
type Way = (typeof WAYS)[number]

interface Options {
  readonly rows?: string
  readonly ways: string
  readonly memory: string
  readonly json?: boolean
}

interface Measured {
  readonly way: Way
  readonly seconds: number
  readonly rows: number
  readonly moved: LedgerEntry
  /** Bytes held on the device at once, at most. */
  readonly peak: number
  readonly candidates: readonly {
    readonly kind: string
    readonly auc: number | null
    readonly logLoss: number | null
  }[]
}

/** One recipe from its files to judged models: within the device, stage by stage over it, and on the processor. */
export function benchGpu(): Command {
  return new Command('gpu')
    .description('a recipe from its files to judged models: inside the GPU, in stages, and on the processor')
    .argument('[recipe]', 'a .ts file that default-exports a recipe with a train step (the flight delays)', RECIPE)
    .option('--rows <n>', 'take so many rows of each source that has more')
    .option('--ways <names>', 'which ways, of fused,staged,processor', WAYS.join(','))
    .option('--memory <MiB>', "how much of the device's memory a run may take", '4096')
    .option('--json', 'print JSON')
    .action(async (path: string, options: Options) => {
      const ways = waysOf(options.ways)
      const { recipe, folder } = await loadRecipe(path)
      const step = recipe.steps.find((s) => s.kind === 'train')
      if (!step)
        throw new GalleyError('USAGE_INVALID', {
          what: `the recipe '${recipe.name}' trains nothing`,
          fix: 'name one with a train step',
        })
      const temp = mkdtempSync(join(tmpdir(), 'galley-bench-'))
      const { memoryMiB, threads = 2 } = readConfig()
      const host = createDuckdbEngine({ memoryMiB, temp: join(temp, 'duckdb') })
      const device = await openDevice()
      const memory = count('--memory', options.memory)
      const engine = createWebgpuEngine({ host, open: async () => device, memoryMiB: memory, say: note })
      let files = 0
      const means: Record<Way, () => Means> = {
        fused: () => onDevice(engine),
        staged: () => inStages(engine, memory * 2 ** 20),
        processor: () => onHost(host, () => join(temp, `stage-${files++}.parquet`)),
      }
      try {
        await interruptible(async (signal) => {
          const context = () => ({ scope: { workspace: 'bench', caller: 'bench' }, signal, ledger: createLedger() })
          const rows = options.rows === undefined ? undefined : count('--rows', options.rows)
          const sources = await sourceFiles(recipe, { folder, temp, rows }, host, context())
          const measured: Measured[] = []
          for (const way of ways) {
            note(`${way} …`)
            device.memory.peak = device.memory.live
            const began = performance.now()
            const result = await learnFused({
              ...{ means: means[way](), recipe, step: step.id, ctx: context(), threads, say: note },
              files: (id) => sources.get(id) ?? [],
            })
            const seconds = (performance.now() - began) / 1000
            measured.push(measuredOf(way, result, seconds, device.memory.peak))
          }
          if (options.json) print(JSON.stringify({ device: device.name, recipe: recipe.name, measured }))
          else tell(device.name, measured)
        })
      } finally {
        await engine.close()
        await host.close()
        rmSync(temp, { recursive: true, force: true })
      }
    })
}

function waysOf(text: string): Way[] {
  const names = text.split(',').map((w) => w.trim())
  const unknown = names.find((w) => !(WAYS as readonly string[]).includes(w))
  if (unknown !== undefined)
    throw new GalleyError('USAGE_INVALID', {
      what: `there is no way '${unknown}'`,
      fix: `there are ${WAYS.join(', ')}`,
    })
  return names as Way[]
}

function count(option: string, text: string): number {
  const n = Number(text)
  if (Number.isSafeInteger(n) && n > 0) return n
  throw new GalleyError('USAGE_INVALID', { what: `${option} is '${text}'`, fix: 'give a whole number above 0' })
}

const measuredOf = (way: Way, { rows, candidates, ledger }: FusedResult, seconds: number, peak: number): Measured => ({
  way,
  seconds,
  rows,
  moved: ledger.total(),
  peak,
  candidates: candidates.map(({ model, test }) => ({ kind: model.kind, auc: test.auc, logLoss: test.logLoss })),
})

function tell(device: string, measured: readonly Measured[]): void {
  print(`${bold(device)}  ${(measured[0]?.rows ?? 0).toLocaleString('en-US')} rows prepared`)
  print()
  print(
    table(
      ['', 'seconds', 'to device', 'from it', 'readbacks', 'held there'],
      measured.map(({ way, seconds, moved, peak }) => [
        way,
        seconds.toFixed(1),
        bytes(moved.up),
        bytes(moved.down),
        moved.readbacks,
        bytes(peak),
      ]),
    ),
  )
  print()
  print(
    table(
      ['on test', ...measured.map(({ way }) => `${way} AUC`), ...measured.map(({ way }) => `${way} log loss`)],
      (measured[0]?.candidates ?? []).map((c, i) => [
        c.kind,
        ...measured.map((m) => m.candidates[i]?.auc?.toFixed(4) ?? '–'),
        ...measured.map((m) => m.candidates[i]?.logLoss?.toFixed(4) ?? '–'),
      ]),
    ),
  )
}
