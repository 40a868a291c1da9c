import { expect, test } from 'vitest'
import { parseCondition } from './condition.ts'
import { infer } from './infer.ts'
import { printExpr } from './print.ts'
import type { Schema } from './types.ts'

const schema: Schema = [
  { name: 'delay', type: 'int64', nullable: true },
  { name: 'x', type: 'float64', nullable: true },
  { name: 'price', type: { decimal: [8, 2] }, nullable: true },
  { name: 'origin', type: 'string', nullable: true },
  { name: 'at', type: 'timestamp', nullable: true },
  { name: 'late', type: 'bool', nullable: true },
  { name: 'a "b"', type: 'string', nullable: true },
  { name: '도시', type: 'string', nullable: true },
]
const parsed = (text: string) => parseCondition(text, schema)

test.each([
  ["delay > 15 and origin = 'ICN'", "((delay > 15) and (origin = 'ICN'))"],
  [
    "delay>=-3 OR (late and not origin in ('a','b''c'))",
    "((delay ≥ -3) or (late and not((origin = 'a') or (origin = 'b'c'))))",
  ],
  ['x < 1.5e3 and delay <> 9007199254740993', '((x < 1500) and (delay ≠ 9007199254740993))'],
  ['price = 12.50', '(price = 12.50)'],
  ["at >= '2001-01-01' and at is not null", "((at ≥ '2001-01-01 00:00:00') and not(isNull(at)))"],
  ['"a ""b""" is null or 도시 != \'서울\'', '(isNull(a "b") or (도시 ≠ \'서울\'))'],
  ['delay not in (1, 2)', 'not((delay = 1) or (delay = 2))'],
])('%s', (text, printed) => {
  expect(printExpr(parsed(text))).toBe(printed)
})

test('thousands of values are no nest of them', () => {
  const many = Array.from({ length: 20_000 }, (_, i) => i)
  expect(infer(parsed(`delay in (${many.join(', ')})`), schema, 'it').type).toBe('bool')
  expect(infer(parsed(many.map((n) => `delay <> ${n}`).join(' and ')), schema, 'it').type).toBe('bool')
  expect(() => parsed('late or origin = null')).toThrow(expect.objectContaining({ code: 'PLAN_INVALID', why: expect.stringContaining('origin is null') })) // biome-ignore format: one line
})

test('and binds tighter than or', () => {
  expect(parsed('late or late and late')).toMatchObject({ fn: 'or', args: [{ op: 'col' }, { fn: 'and' }] })
})

test('whole numbers beyond 2⁵³ are exact', () => {
  expect(JSON.stringify(parsed('delay = 9007199254740993'))).toContain('"9007199254740993"')
})

test.each([
  ['', 'PLAN_INVALID'],
  ['delay', 'PLAN_INVALID'],
  ['delay >', 'PLAN_INVALID'],
  ['delay > 1 delay', 'PLAN_INVALID'],
  ['(delay > 1', 'PLAN_INVALID'],
  ["origin = 'open", 'PLAN_INVALID'],
  ['delay ; drop', 'PLAN_INVALID'],
  ['delay is 3', 'PLAN_INVALID'],
  ['delay < 9223372036854775808', 'PLAN_INVALID'],
  ['x < 1e400', 'PLAN_INVALID'],
  ['and', 'PLAN_INVALID'],
  [`${'('.repeat(5000)}late`, 'PLAN_INVALID'],
  ['dellay > 1', 'PLAN_UNKNOWN_COLUMN'],
  ["delay > 'x'", 'PLAN_TYPE_MISMATCH'],
  ['delay = origin', 'PLAN_TYPE_MISMATCH'],
])('%s is refused', (text, code) => {
  expect(() => parsed(text)).toThrow(expect.objectContaining({ code }))
})

test('of very many columns a message lists the first, and of none it says so', () => {
  const many = Array.from({ length: 10_000 }, (_, i) => ({ name: `c${i}`, type: 'int64', nullable: true }) as const)
  expect(() => parseCondition('c77x > 1', many)).toThrow(expect.objectContaining({ fix: expect.stringContaining('did you mean'), why: expect.stringMatching(/^.{300,600} and 9,950 more$/) })) // biome-ignore format: one line
  expect(() => parseCondition('c > 1', [])).toThrow(expect.objectContaining({ why: 'it has no columns' }))
})
