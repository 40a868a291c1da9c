import { describe, expect, test } from 'vitest'
import { call, col, type Expr, lit } from '../../../plan/expr.ts'
import type { Field } from '../../../plan/types.ts'
import { failureOf, sqlExpr } from './expr.ts'

const schema: Field[] = (['x', 'y'] as const).map((name) => ({ name, type: 'int64', nullable: true }))
const [x, y] = [col('x'), col('y')]
const one = lit('1', 'int64')
/** A form of itself, so many times. */
const nested = (times: number, form: (e: Expr) => Expr): Expr =>
  Array.from({ length: times }).reduce<Expr>((e) => form(e), x)

describe('SQL of forms within forms grows by their number, not by doubling', () => {
  const forms: Readonly<Record<string, (e: Expr) => Expr>> = {
    orNull: (e) => call('orNull', call('add', e, one)),
    intDiv: (e) => call('intDiv', call('add', e, one), y),
    mod: (e) => call('mod', call('add', e, one), y),
    hash: (e) => call('combine32', call('hash32', e), call('hash32', y)),
    'text and back': (e) => ({ op: 'cast', arg: { op: 'cast', arg: e, to: 'string', onError: 'fail' }, to: 'int64', onError: 'null' }), // biome-ignore format: one line
    logarithms: (e) => ({ op: 'cast', arg: call('round', call('ln', e)), to: 'int64', onError: 'null' }),
  }
  for (const [name, form] of Object.entries(forms))
    test(name, () => {
      const [some, many] = [nested(8, form), nested(16, form)].map((e) => sqlExpr(e, schema).length) as [number, number]
      expect(many).toBeLessThan(some * 4)
      expect(many).toBeLessThan(200_000)
    })

  test('conditions that can fail, one after the other', () => {
    const chain = (n: number) =>
      Array.from({ length: n }).reduce<Expr>(
        (e, _, i) => call('and', e, call('ge', call('intDiv', x, call('sub', y, lit(String(i), 'int64'))), one)),
        call('gt', x, one),
      )
    const length = (n: number) => failureOf(chain(n), schema)?.length ?? 0
    expect(length(24)).toBeLessThan(length(12) * 6)
  })
})
