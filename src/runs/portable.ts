import { sep } from 'node:path'

/** Begins a path within the data folder, in an output as it is stored. */
const HOME = 'galley-home:'

/** A path within `from` as the one within `to`, once the folder was moved there; any other path as it is. */
export const moved = (path: string, from: string, to: string): string =>
  path.startsWith(from + sep) ? to + path.slice(from.length) : path

/** An output as it is stored: paths within the data folder start from it, so that a copy of the folder reads its own files. */
export const stored = <T>(output: T, home: string): T => mapText(output, (s) => moved(s, home, HOME))

/** The stored output with the paths of this data folder. */
export const restored = <T>(output: T, home: string): T => mapText(output, (s) => moved(s, HOME, home))

/** A stored path from the data folder on. */
export const withinHome = (path: string): string =>
  path.startsWith(HOME + sep) ? path.slice(HOME.length + sep.length) : path

function mapText<T>(value: T, f: (s: string) => string): T {
  if (typeof value === 'string') return f(value) as T
  if (Array.isArray(value)) return value.map((v) => mapText(v, f)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, mapText(v, f)])) as T
}
