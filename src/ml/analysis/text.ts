/** Numbers for people, the same in every language. */
export function compact(x: number, digits = 3): string {
  const size = Math.abs(x)
  if (x === 0) return '0'
  if (size >= 1e15 || size < 1e-4) return x.toExponential(digits - 1).replace('-', '−')
  for (const [unit, name] of [
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
    [1e4, 'k'],
  ] as const)
    if (size >= unit) return minus(`${Number((x / (unit === 1e4 ? 1e3 : unit)).toPrecision(digits))}${name}`)
  return minus(String(Number(x.toPrecision(size >= 100 ? Math.max(digits, 4) : digits))))
}

/** All of a whole number's digits, six of another's. */
export function number(x: number | null): string {
  if (x === null) return '–'
  if (Number.isInteger(x) && Math.abs(x) < 1e15) return minus(x.toLocaleString('en-US'))
  if (Math.abs(x) >= 1e12 || Math.abs(x) < 1e-5) return minus(x.toExponential(3))
  return minus(Number(x.toPrecision(6)).toLocaleString('en-US', { maximumFractionDigits: 10 }))
}

/** A share as a percentage of three digits; never 0 or 100 when it is not. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return '–'
  const share = (part / whole) * 100
  if (share > 0 && share < 0.01) return '<0.01 %'
  if (share < 100 && share > 99.99) return '>99.99 %'
  return `${Number(share.toPrecision(3))} %`
}

/** A coefficient with so many decimals; what rounds to nothing has no sign. */
export function fixed(x: number, decimals: number): string {
  const s = x.toFixed(decimals)
  return minus(Number(s) === 0 ? s.replace('-', '') : s)
}

const minus = (s: string): string => s.replaceAll('-', '−')
