import { afterEach, expect, test, vi } from 'vitest'
import { type Measured, tell } from './measured.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

/** What is told of some ways, as lines. */
function told(...measured: readonly Pick<Measured, 'way' | 'moved' | 'left'>[]): string {
  let text = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((part) => {
    text += String(part)
    return true
  })
  tell('r · m', 'a device', measured.map((m) => ({ ...m, seconds: 1, rows: 10, peak: 0, stages: {}, candidates: [] }))) // biome-ignore format: one line
  return text
}

const none = { up: 0, down: 0, readbacks: 0 }
const some = { up: 100, down: 10, readbacks: 3 }

test('what a device left to the processor is marked: in part, or all of it, and then nothing was compiled', () => {
  const whole = told({ way: 'fused', moved: some, left: [] })
  expect(whole).toMatch(/^fused +1\.0/m)
  expect(whole).toContain('compiling its kernels')
  expect(told({ way: 'fused', moved: some, left: ['a fit'] })).toContain('fused (partly on the processor)')
  const left = told({ way: 'fused', moved: none, left: ['all of it'] }, { way: 'processor', moved: none, left: [] })
  expect(left).toContain('fused (on the processor)')
  expect(left).not.toContain('kernels')
})
