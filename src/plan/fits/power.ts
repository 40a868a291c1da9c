import { listOfNames } from '../columns/options.ts'
import { call, col, type Expr } from '../expr.ts'
import { build } from '../nodes.ts'
import { alike, type FitKind, float, number } from './fit.ts'

/**
 * Makes numbers more like a normal distribution: Yeo and Johnson's power transform (Biometrika 2000), with the exponent
 * of greatest likelihood among −2 … 2 in steps of a tenth, refined by a parabola through the best and its neighbours.
 */
export interface Power {
  readonly kind: 'power'
  readonly columns: readonly string[]
}

export const powerTransform = (columns: readonly string[]): Power => ({
  kind: 'power',
  columns: listOfNames(columns, 'powerTransform'),
})

const EXPONENTS = Array.from({ length: 41 }, (_, i) => (i - 20) / 10)

export const powerKind: FitKind<Power> = {
  reads: (spec) => spec.columns,
  queries: (spec, train) =>
    spec.columns.map((name) => {
      const logs = call('mul', call('sign', col(name)), call('ln', call('add', call('abs', col(name)), float(1))))
      return [
        name,
        build({
          op: 'aggregate',
          input: train,
          by: [],
          aggs: [
            ['n', { fn: 'count', arg: col(name) }],
            ['logs', { fn: 'sum', arg: logs }],
            ...EXPONENTS.map(
              (lambda, i) => [`v${i}`, { fn: 'variance' as const, arg: transformed(name, lambda) }] as const,
            ),
          ],
        }),
      ] as const
    }),
  bind: (spec, found) =>
    alike(spec.columns.map((name) => [name, transformed(name, best(found.get(name)?.[0]))] as const)),
}

/** `((x + 1)^λ − 1) ÷ λ` from 0 on, `−((1 − x)^(2 − λ) − 1) ÷ (2 − λ)` below; logarithms where the divisor is 0. */
function transformed(name: string, lambda: number): Expr {
  const x: Expr = { op: 'cast', arg: col(name), to: 'float64', onError: 'fail' }
  const branch = (base: Expr, exponent: number): Expr =>
    Math.abs(exponent) < 1e-9
      ? call('ln', base)
      : call('div', call('sub', call('pow', base, float(exponent)), float(1)), float(exponent))
  return {
    op: 'case',
    when: [[call('ge', x, float(0)), branch(call('add', x, float(1)), lambda)]],
    otherwise: call('neg', branch(call('sub', float(1), x), 2 - lambda)),
  }
}

/** The exponent of greatest likelihood: −n/2 · ln σ² + (λ − 1) · Σ sign(x) ln(|x| + 1). */
function best(row: Parameters<typeof number>[0]): number {
  const n = number(row, 'n', 0)
  const logs = number(row, 'logs', 0)
  const likelihood = EXPONENTS.map((lambda, i) => {
    const variance = number(row, `v${i}`) * (1 - 1 / Math.max(n, 2))
    return variance > 0 ? (-n / 2) * Math.log(variance) + (lambda - 1) * logs : Number.NEGATIVE_INFINITY
  })
  const top = likelihood.reduce((b, v, i) => (v > (likelihood[b] as number) ? i : b), EXPONENTS.indexOf(1))
  const [a, b, c] = [likelihood[top - 1], likelihood[top], likelihood[top + 1]]
  const lambda = EXPONENTS[top] as number
  if (a === undefined || b === undefined || c === undefined || ![a, b, c].every(Number.isFinite)) return lambda
  const bend = a - 2 * b + c
  return bend < 0 ? lambda + (0.1 * (a - c)) / (2 * bend) : lambda
}
