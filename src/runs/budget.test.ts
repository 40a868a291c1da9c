import { expect, test } from 'vitest'
import { parquet } from '../data/connectors/parquet.ts'
import { createLedger } from '../engines/ledger.ts'
import { checkBudget, Spending } from './budget.ts'
import { recipe } from './recipe.ts'
import type { Budget } from './specs.ts'

const moved = (up: number, down: number, readbacks: number) => {
  const ledger = createLedger()
  ledger.add('webgpu', 'up', up)
  ledger.add('webgpu', 'down', down)
  ledger.add('webgpu', 'readbacks', readbacks)
  return ledger.total()
}

test('steps together spend one budget, and what each moved is told', () => {
  const spending = new Spending({ maxBytesDown: 4096, maxReadbacks: 3 })
  spending.add('features', moved(80_000_000, 0, 1))
  spending.add('model', moved(0, 4096, 2))
  expect(() => spending.add('report', moved(0, 1, 0))).toThrow(
    expect.objectContaining({
      code: 'BUDGET_EXCEEDED',
      why: 'model: 4.1 kB · report: 1 B',
      details: expect.objectContaining({ limit: 'maxBytesDown', allowed: 4096, spent: 4097 }),
    }),
  )
})

test('a step that runs again is counted once, and nothing is bounded without a budget', () => {
  const spending = new Spending({ maxReadbacks: 2 })
  spending.add('model', moved(0, 0, 2))
  spending.add('model', moved(0, 0, 2))
  new Spending().add('model', moved(1e12, 1e12, 1e6))
  expect(() => spending.add('report', moved(0, 0, 1))).toThrow('3 are spent')
})

test('a misspelt option of a recipe is refused', () => {
  expect(() => recipe('r', () => {}, { budgets: {} } as never)).toThrow("no option 'budgets'")
})

test.each([
  ['a limit that is none', { maxBytes: 1 }, "no limit 'maxBytes'"],
  ['a share', { maxReadbacks: 1.5 }, 'maxReadbacks is 1.5'],
  ['a number alone', 3, 'the budget is 3'],
  ['nothing', null, 'the budget is null'],
  ['less than nothing', { maxBytesDown: -1 }, 'maxBytesDown is -1'],
])('%s is refused', (_, budget, words) => {
  expect(() => checkBudget(budget as Budget)).toThrow(words)
  expect(() => recipe('r', () => {}, { budget: budget as Budget })).toThrow(words)
})

test('a recipe says whether tables may wait on the host, in true or false', () => {
  const made = (options = {}) => recipe('r', (k) => void k.source('s', parquet('s.parquet', { id: 'int64' })), options)
  expect(made({ device: { spill: true } }).device).toEqual({ spill: true })
  expect(made()).not.toHaveProperty('device')
  expect(() => recipe('r', () => {}, { device: { spill: 1 } } as never)).toThrow("the device's spill is 1")
  expect(() => recipe('r', () => {}, { device: { spil: true } } as never)).toThrow("no option 'spil'")
  expect(() => recipe('r', () => {}, { device: null } as never)).toThrow("the recipe's device is null")
})
