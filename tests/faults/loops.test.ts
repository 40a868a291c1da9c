import { describe, test } from 'vitest'
import { KILLS } from '../../src/data/connectors/testing/kills.ts'
import { KINDS } from './kinds.ts'
import { randomOf } from './random.ts'

const env = (name: string): string | undefined => process.env[name] || undefined
/** Of each kind: five, or as often as is asked for. */
const ROUNDS = Number(env('GALLEY_ROUNDS') ?? Math.max(5, KILLS))
const SEED = Number(env('GALLEY_SEED') ?? Math.floor(Math.random() * 2 ** 31))
/** One round alone, of the kinds that are named. */
const ONLY = env('GALLEY_ROUND')
const NAMED = env('GALLEY_KIND')?.split(',')
const numbers = ONLY === undefined ? Array.from({ length: ROUNDS }, (_, i) => i) : [Number(ONLY)]

describe.concurrent.each(KINDS.filter(({ name }) => !NAMED || NAMED.includes(name)))('$name', (kind) => {
  const hindered = kind.hindered?.()
  test.skipIf(hindered !== undefined)(
    `${kind.what}: what was acknowledged is there, once, and no file is left${hindered ? ` (${hindered})` : ''}`,
    async () => {
      const began = performance.now()
      const rounds = await kind.open()
      let failed: unknown
      try {
        for (const number of numbers)
          await rounds.round(randomOf(SEED, kind.name, number), number).catch((cause: unknown) => {
            const again = `GALLEY_SEED=${SEED} GALLEY_KIND=${kind.name} GALLEY_ROUND=${number} npm run faults -- loops`
            throw new Error(`round ${number} of '${kind.name}' failed (${again}): ${cause instanceof Error ? cause.message : cause}`, { cause }) // biome-ignore format: one line
          })
      } catch (thrown) {
        failed = thrown
      }
      await rounds.close().catch((thrown: unknown) => (failed ??= thrown))
      if (failed !== undefined) {
        // at once: a run of all kinds may take hours
        process.stdout.write(`${kind.name} FAILED: ${failed instanceof Error ? failed.message : failed}\n`)
        throw failed
      }
      const seconds = ((performance.now() - began) / 1000).toFixed(1)
      process.stdout.write(`${kind.name}: ${rounds.said()}, ${seconds} s\n`)
    },
    60_000 + numbers.length * 120_000,
  )
})
