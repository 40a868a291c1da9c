import { InvalidArgumentError } from 'commander'

const MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 }
/** ms: a hundred years. */
const MOST = 100 * 365 * 86_400_000

/** A span of time as it is typed (`90s`, `10m`, `1h30m`, `2d`): ms. */
export function span(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?) ?(ms|min|[smhd]) ?/gy)]
  const whole = parts.map(([part]) => part).join('') === text
  const ms = parts.reduce((sum, [, n, unit]) => sum + Number(n) * (MS[unit as string] ?? Number.NaN), 0)
  if (whole && ms >= 1 && ms <= MOST) return Math.round(ms)
  throw new InvalidArgumentError('give a span of time: 90s, 10m, 2h, 1h30m, 1d')
}
