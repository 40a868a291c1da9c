import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type History, replay } from './replay.ts'

/** Rows that are asked about at `at` and become known one µs later. */
function historyOf(at: readonly number[]): History {
  return {
    rows: at.length,
    asked: Uint32Array.from(at, (_, i) => i),
    at: Float64Array.from(at),
    known: Float64Array.from(at, (t) => t + 1),
    byKnown: Uint32Array.from(at, (_, i) => i),
    record: (row) => ({ at: at[row] }),
  }
}

test('the next slice is fed while the last is answered, but not across a gap: its requests would be too old', async () => {
  const told: string[] = []
  const times = (records: readonly Record<string, unknown>[]) => records.map((r) => r['at']).join(' ')
  await replay(
    historyOf([0, 5, 12, 15, 100, 101]),
    {
      async predict(records) {
        told.push(`ask ${times(records)}`)
        await sleep(5)
        told.push(`answered ${times(records)}`)
      },
      async feed(records) {
        told.push(`feed ${times(records)}`)
      },
    },
    { input: [], feedInput: [], from: 0, until: 6, slice: 10, signal: new AbortController().signal },
  )
  expect(told).toEqual([
    'feed 0 5',
    'ask 0 5',
    'feed 12 15',
    'answered 0 5',
    'ask 12 15',
    'answered 12 15',
    'feed 100 101',
    'ask 100 101',
    'answered 100 101',
  ])
})
