import { expect, test } from 'vitest'
import { Monitor, type WindowVerdict } from './monitor.ts'
import { numericReference } from './reference.ts'

const reference = [
  numericReference(
    'x',
    Float64Array.from({ length: 1000 }, (_, i) => i),
  ),
]
const HOUR = 3_600_000_000
const NOW = Date.UTC(2026, 0, 1) * 1000

function watch() {
  const judged: WindowVerdict[] = []
  const monitor = new Monitor({
    reference,
    span: HOUR,
    rows: 10,
    ahead: 24 * HOUR,
    onWindow: (w) => judged.push(w),
  })
  const ask = (moment: number | null, n = 1) => {
    for (let i = 0; i < n; i++) monitor.observe([900], moment, NOW)
  }
  const starts = () => judged.map((w) => [(w.start - NOW) / HOUR, w.verdict.rows, w.verdict.status])
  return { monitor, ask, starts }
}

test('a verdict stands: a request that comes late for a judged window does not open it again', () => {
  const { monitor, ask, starts } = watch()
  ask(NOW, 50)
  ask(NOW + HOUR)
  expect(starts()).toEqual([[0, 50, 'alarm']])
  ask(NOW + 1)
  ask(NOW + 2 * HOUR)
  expect(starts()).toEqual([
    [0, 50, 'alarm'],
    [1, 1, 'too few rows'],
  ])
  expect(monitor.rows).toBe(53)
  const again = new Monitor(
    { reference, span: HOUR, rows: 10, ahead: 24 * HOUR, onWindow: () => expect.unreachable() },
    JSON.parse(JSON.stringify(monitor.snapshot())),
  )
  again.observe([900], NOW + 2, NOW)
  again.observe([900], NOW + 2 * HOUR, NOW)
})

test('a first request without a moment does not keep the others from being judged', () => {
  const { monitor, ask, starts } = watch()
  ask(null)
  ask(Number.NaN)
  ask(NOW, 20)
  ask(NOW + HOUR)
  expect(starts()).toEqual([[0, 20, 'alarm']])
  expect(monitor.rows).toBe(23)
})

test('a request from the far future does not stop later windows', () => {
  const { ask, starts } = watch()
  ask(NOW, 20)
  ask(Date.UTC(9999, 0) * 1000)
  ask(NOW + 1, 5)
  ask(NOW + HOUR, 30)
  ask(NOW + 2 * HOUR)
  expect(starts()).toEqual([
    [0, 25, 'alarm'],
    [1, 30, 'alarm'],
  ])
})
