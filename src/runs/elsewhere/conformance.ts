import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import type { Json } from '../../base/json.ts'
import type { Elsewhere } from './elsewhere.ts'

/** What is done with an ask in the suite, wherever it is: it says what it was asked, after so many ms. */
export async function echo(ask: Json, signal?: AbortSignal): Promise<Json> {
  const { ms } = ask as { readonly ms: number }
  await sleep(ms, undefined, signal ? { signal } : {}).catch(() => throwIfAborted(signal))
  return { said: ask }
}

const asked = (count: number, ms: number): Json[] => Array.from({ length: count }, (_, i) => ({ i, ms }))
const said = (asks: readonly Json[]) => asks.map((ask) => ({ said: ask }))

/** What every way of doing parts of a piece of work promises. `open` gives one whose work stops with the signal, and `left` what is still queued of it. */
export function elsewhereConformance(
  name: string,
  open: (signal: AbortSignal) => Promise<{ readonly elsewhere: Elsewhere; left(): Promise<number> }>,
): void {
  const quiet = () => new AbortController().signal
  describe(name, () => {
    test('answers stand in the order of the asks, and each is told once, one after the other', async () => {
      const { elsewhere, left } = await open(quiet())
      const asks = asked(12, 30)
      const told: number[] = []
      let telling = 0
      const answers = await elsewhere.run(asks, {
        here: (ask) => echo(ask),
        async came(answer, place) {
          expect(++telling).toBe(1)
          expect(answer).toEqual({ said: asks[place] })
          await sleep(1)
          told.push(place)
          telling--
        },
      })
      expect(answers).toEqual(said(asks))
      expect(told.toSorted((a, b) => a - b)).toEqual(asks.map((_, i) => i))
      expect(await left()).toBe(0)
    })

    test('takes nothing, one, and any JSON', async () => {
      const { elsewhere } = await open(quiet())
      const odd = { ms: 0, text: '가 "\\ \u{1f34a}', numbers: [5e-324, Number.MAX_VALUE, 0.1 + 0.2, -1], none: null }
      for (const asks of [[], [odd], [odd, odd, odd]])
        expect(await elsewhere.run(asks, { here: (ask) => echo(ask) })).toEqual(said(asks))
    })

    test('what fails here fails all of it, and nothing of it goes on', async () => {
      const { elsewhere, left } = await open(quiet())
      const here = async () => {
        throw new GalleyError('TRAIN_DATA', { what: 'no' })
      }
      await expect(elsewhere.run(asked(6, 300), { here })).rejects.toMatchObject({ code: 'TRAIN_DATA' })
      expect(await left()).toBe(0)
    })

    test('once time is over the first is done all the same, and others are left', async () => {
      const { elsewhere, left } = await open(quiet())
      const stop = new AbortController()
      const asks = asked(40, 500)
      const here = (ask: Json, place: number) => {
        setTimeout(() => stop.abort(), 100)
        return echo(ask, place === 0 ? undefined : stop.signal)
      }
      const answers = await elsewhere.run(asks, { here, until: stop.signal })
      expect(answers[0]).toEqual({ said: asks[0] })
      expect(answers.filter((a) => a === undefined).length).toBeGreaterThan(20)
      expect(await left()).toBe(0)
      // over before it began
      const again = await elsewhere.run(asked(3, 0), { here: (ask) => echo(ask), until: stop.signal })
      expect(again).toEqual([...said(asked(1, 0)), undefined, undefined])
    })

    test('a cancel ends it at once', async () => {
      const stop = new AbortController()
      const { elsewhere, left } = await open(stop.signal)
      setTimeout(() => stop.abort(), 200)
      const running = elsewhere.run(asked(20, 5000), { here: (ask) => echo(ask, stop.signal) })
      await expect(running).rejects.toMatchObject({ code: 'CANCELLED' })
      expect(await left()).toBe(0)
    })
  })
}
