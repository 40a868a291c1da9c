import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createMeter, meter } from './resources.ts'

test('steps that go on at once share what the process took meanwhile; the memory is the most that it held', () => {
  let [cpu, held] = [10, 100]
  const m = createMeter({ cpuSeconds: () => cpu, heldBytes: () => held })
  const one = m.begin()
  cpu += 1
  const two = m.begin()
  ;[cpu, held] = [cpu + 4, 900]
  expect(two.taken()).toEqual({ cpuSeconds: 2, peakBytes: 900 })
  held = 50
  one.close()
  cpu += 3
  two.close()
  cpu += 100
  expect([one.taken(), two.taken()]).toEqual([
    { cpuSeconds: 3, peakBytes: 900 },
    { cpuSeconds: 5, peakBytes: 900 },
  ])
  // closed twice, and begun again later: nothing of between
  two.close()
  const three = m.begin()
  cpu += 1
  expect(three.taken()).toEqual({ cpuSeconds: 1, peakBytes: 50 })
  three.close()
})

test('memory that is held between two looks of others is seen by those', async () => {
  let held = 1
  const m = createMeter({ cpuSeconds: () => 0, heldBytes: () => held })
  const one = m.begin()
  held = 500
  await sleep(250)
  held = 2
  one.close()
  expect(one.taken().peakBytes).toBe(500)
})

test('of this process: its own time, and that of programs that it ran', () => {
  const own = meter.begin()
  for (const began = process.cpuUsage().user; process.cpuUsage().user - began < 200_000; );
  const before = own.taken()
  expect(before.cpuSeconds).toBeGreaterThan(0.1)
  expect(before.peakBytes).toBeGreaterThan(10 << 20)
  if (process.platform === 'linux') {
    spawnSync(process.execPath, ['-e', 'while (process.cpuUsage().user < 400_000);'])
    expect(own.taken().cpuSeconds - before.cpuSeconds).toBeGreaterThan(0.25)
  }
  own.close()
})
