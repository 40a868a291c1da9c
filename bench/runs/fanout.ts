import { spawn } from 'node:child_process'
import { recipe, scan } from '../../src/index.ts'
import { run } from '../../src/runs/runner.ts'
import { median, type Row } from '../bench.ts'
import { type Setting, withGalley } from './setting.ts'

export const fanoutCases = ['fan-out-10000', 'fan-out-10000-again']

/** A program that does nothing, once for each of many rows. */
const each = (items: number, attempt: number) =>
  recipe('fan-out', (k) => {
    const rows = Array.from({ length: items }, (_, i) => [`${i}`])
    const of = k.step('items', scan({ kind: 'rows', rows }, { i: 'int64' }))
    k.process('work', { command: ['true'], params: { attempt }, each: { of } })
  })

/** The same program started as often, as many at a time, and nothing else: seconds. */
async function bare(items: number, most: number): Promise<number> {
  const began = performance.now()
  let left = items
  const worker = async () => {
    while (left-- > 0) await new Promise((resolve) => spawn('true', { stdio: 'ignore' }).once('exit', resolve))
  }
  await Promise.all(Array.from({ length: most }, worker))
  return (performance.now() - began) / 1000
}

export async function fanoutRows({ wanted, runs, small, signal, say, notes }: Setting): Promise<Row[]> {
  const items = small ? 200 : 10_000
  return withGalley(async (galley, home) => {
    const took: Record<string, number[]> = { 'fan-out-10000': [], 'fan-out-10000-again': [] }
    const bares: number[] = []
    for (let i = 0; i < runs; i++) {
      bares.push(await bare(items, galley.ware.threads))
      for (const name of fanoutCases) {
        const began = performance.now()
        await run(galley.ware, await galley.scope(), each(items, i), { folder: home, signal, on: () => {} })
        took[name]?.push((performance.now() - began) / 1000)
        say(`${name}: ${took[name]?.at(-1)?.toFixed(1)} s for ${items} items`)
      }
    }
    notes.push(`fan-out: a program that does nothing, once for each of ${items} rows, each kept by itself, beside starting it as often; again: all of them kept`) // biome-ignore format: one line
    return fanoutCases.filter(wanted).map((name) => {
      const galleys = median(took[name] ?? [])
      return { case: name, peer: 'starts alone', unit: 's', galley: galleys, peerValue: median(bares), ratio: galleys / median(bares) } // biome-ignore format: one line
    })
  })
}
