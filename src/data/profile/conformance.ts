import type { Profile } from './types.ts'

/** What is read off a sample differs by its rows. */
const SAMPLED = new Set(['sampled', 'patterns', 'personal'])
/** Warnings that follow from the sample. */
const FROM_SAMPLE = new Set(['duplicates', 'personal'])

/**
 * What two profiles of the same rows say differently: counts exactly, all else up to twelve digits of sums. What a sample says is compared where
 * `sampled` asks for it, because both samples are the table.
 */
export function differences(a: Profile, b: Profile, { sampled }: { readonly sampled: boolean }): string[] {
  const found: string[] = []
  const visit = (x: unknown, y: unknown, path: string): void => {
    if (typeof x === 'number' && typeof y === 'number') {
      if (Number.isInteger(x) && Number.isInteger(y) ? x !== y : !isNear(x, y)) found.push(`${path}: ${x}, ${y}`)
    } else if (typeof x === 'object' && typeof y === 'object' && x !== null && y !== null) {
      for (const key of new Set([...Object.keys(x), ...Object.keys(y)]))
        if (sampled || !SAMPLED.has(key))
          visit((x as Record<string, unknown>)[key], (y as Record<string, unknown>)[key], `${path}.${key}`)
    } else if (!Object.is(x, y)) found.push(`${path}: ${String(x)}, ${String(y)}`)
  }
  const told = (p: Profile) => ({ ...p, warnings: p.warnings.filter((w) => sampled || !FROM_SAMPLE.has(w.code)) })
  visit(told(a), told(b), '')
  return found
}

const isNear = (x: number, y: number): boolean => Math.abs(x - y) <= 2e-6 + 1e-9 * Math.max(Math.abs(x), Math.abs(y))
