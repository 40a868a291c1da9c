import { throwIfAborted } from '../../base/errors.ts'
import type { Node } from '../../plan/nodes.ts'
import { optimise } from '../../plan/optimise/index.ts'
import type { Schema } from '../../plan/types.ts'
import { evaluateConstant } from '../constants.ts'
import type { Engine, RunContext } from '../engine.ts'
import type { Device } from './device.ts'
import { Dictionary } from './gather.ts'
import { stepOf } from './makers.ts'
import { Recorder } from './recorder.ts'
import { buffersOf, columnOf, type Rows } from './rows.ts'
import type { Shelf } from './shelf.ts'
import { makingOf, type Step } from './steps.ts'
import { Transfers } from './transfers.ts'

/** A plan of any connected nodes, as steps whose rows stay on the device from one to the next. */
export interface Whole {
  readonly root: Step
  /** In the order in which they run: a step after its inputs. */
  readonly steps: readonly Step[]
  readonly schema: Schema
  /** Texts that the code names. */
  readonly names: readonly string[]
  /** Those of the tables on the device that it scans. */
  readonly words: Dictionary | undefined
}

/** @throws DeviceGap for the first node that is not done on the device */
export function wholeOf(root: Node, host: Engine, shelf: Shelf): Whole {
  const best = optimise(root, { evaluate: evaluateConstant })
  const [table] = shelf.scannedBy(best)
  const making = makingOf(best, host, shelf)
  // codes of texts that lie there already stay as they are
  if (table) making.names.push(...table.table.words.list)
  const step = stepOf(best, making)
  const steps = new Set<Step>()
  const visit = (s: Step): void => {
    if (steps.has(s)) return
    for (const input of s.inputs) visit(input)
    steps.add(s)
  }
  visit(step)
  return { root: step, steps: [...steps], schema: root.schema, names: making.names, words: table?.table.words }
}

/** Whether the texts that the code names still have the codes that stand in it. */
export const sameCodes = ({ names, words }: Whole): boolean =>
  !words || words.list.every((word, code) => code >= names.length || word === names[code])

/** What runs, step by step, with the source of fused kernels. */
export const explainWhole = ({ steps }: Whole): string =>
  steps.map((s, i) => `${i + 1}. ${s.op}${s.code ? `\n${s.code}` : ''}`).join('\n')

/** Rows on the device, and what they hang on. */
export interface Computed {
  readonly recorder: Recorder
  readonly rows: Rows
  readonly words: Dictionary
}

/**
 * Runs a plan's steps, each once. A step's own buffers are freed when it is sent off, and its rows when the last that
 * reads them is. @throws FailedOnDevice, DeviceFault, OutOfRoom where a table has no room
 */
export async function computeWhole(
  { root, steps, schema, names, words: known }: Whole,
  device: Device,
  budget: number,
  ctx: RunContext,
  told: { readonly guesses?: boolean; readonly leaves?: number | undefined } = {},
): Promise<Computed> {
  const transfers = new Transfers(device, ctx.ledger, budget)
  const words = known ?? new Dictionary([])
  for (const name of names) words.code(name)
  const left = new Map<Step, number>()
  for (const step of steps) for (const input of step.inputs) left.set(input, (left.get(input) ?? 0) + 1)
  const live = new Map<Step, Rows>()
  try {
    const recorder = new Recorder(device, transfers, told)
    const own = transfers.held()
    for (const step of steps) {
      throwIfAborted(ctx.signal)
      const inputs = step.inputs.map((input) => live.get(input) as Rows)
      live.set(step, await step.run({ recorder, ctx, words }, inputs))
      recorder.submit()
      for (const input of step.inputs) {
        const readers = (left.get(input) as number) - 1
        left.set(input, readers)
        if (readers === 0) live.delete(input)
      }
      transfers.release(own, inUse(live.values()))
    }
    const rows = live.get(root) as Rows
    const columns = schema.map((field) => ({ ...columnOf(rows, field.name), field }))
    return { recorder, rows: { ...rows, columns }, words }
  } catch (thrown) {
    transfers.close()
    throw thrown
  }
}

function inUse(tables: Iterable<Rows>): Set<GPUBuffer> {
  const used = new Set<GPUBuffer>()
  for (const { count, columns } of tables) {
    for (const buffer of buffersOf(columns)) used.add(buffer)
    if (count) used.add(count.buffer)
  }
  return used
}
