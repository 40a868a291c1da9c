import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { PEERS } from '../peers.ts'
import type { Files } from './question.ts'

export type Query = (sql: string) => Promise<Record<string, unknown>[]>

/** Where data of that size lies; made once. */
export function folderOf(rows: number): string {
  const folder = join(PEERS, 'pipeline', String(rows))
  mkdirSync(folder, { recursive: true })
  return folder
}

/** Writes a file by one statement unless it is there already. */
export async function made(path: string, write: (path: string) => Promise<unknown>): Promise<string> {
  if (existsSync(path)) return path
  await write(`${path}.new`)
  renameSync(`${path}.new`, path)
  return path
}

const parquet = (sql: string) => (path: string) => `COPY (${sql}) TO '${path}' (FORMAT parquet, COMPRESSION zstd)`

/** A whole number of 0 … below − 1, the same for the same row and column in every run. */
export const pick = (column: number, below: string | number): string => `(hash(i * 64 + ${column}) % ${below})::INTEGER`
export const share = (column: number): string => `((hash(i * 64 + ${column}) >> 11) / 9007199254740992.0)`

/** One table: keys of 100, 100 and N/100 values, as text and as numbers, and three values. */
export async function groupbyData(rows: number, query: Query): Promise<Files> {
  const few = 100
  const many = Math.round(rows / 100)
  const sql = `SELECT format('id{:03d}', 1 + ${pick(1, few)}) AS id1, format('id{:03d}', 1 + ${pick(2, few)}) AS id2,
    format('id{:010d}', 1 + ${pick(3, many)}) AS id3, 1 + ${pick(4, few)} AS id4, 1 + ${pick(5, few)} AS id5,
    1 + ${pick(6, many)} AS id6, 1 + ${pick(7, 5)} AS v1, 1 + ${pick(8, 15)} AS v2, round(100 * ${share(9)}, 6) AS v3
    FROM range(${rows}) t(i)`
  const write = parquet(sql)
  return { x: await made(join(folderOf(rows), 'groupby.parquet'), (path) => query(write(path))) }
}

/**
 * A table of N rows and three to join it with: of N/10⁶ (at least 10), N/1000 and N rows, each key there once. Of a key's
 * values nine in ten are on both sides. The text keys are the numbers with `id` before them.
 */
export async function joinData(rows: number, query: Query): Promise<Files> {
  const sizes = [Math.max(10, rows / 1e6), rows / 1e3, rows] as const
  const folder = folderOf(rows)
  const file = (name: string, keys: readonly string[], value: string, count: number) => {
    const names = keys.map((_, k) => `id${k + 1}`)
    const inner = `SELECT ${keys.map((key, k) => `${key} AS id${k + 1}`).join(', ')}, ${value}, hash(i) AS place FROM range(${count}) t(i)`
    const texts = names.map((id, k) => `'id' || ${id} AS id${k + 4}`)
    const sql = `SELECT ${[...names, ...texts, value.split(' ').at(-1)].join(', ')} FROM (${inner}) ORDER BY place`
    return made(join(folder, `join-${name}.parquet`), (path) => query(parquet(sql)(path)))
  }
  const any = sizes.map((size, k) => `1 + ${pick(11 + k, size)}`)
  const once = sizes.map((size) => `(1 + i + ${Math.max(1, Math.round(size / 10))})::INTEGER`)
  const value = (name: string, column: number) => `round(100 * ${share(column)}, 6) AS ${name}`
  const other = (k: number): string[] => [
    ...sizes.slice(0, k).map((size, j) => `1 + ${pick(20 + j, size)}`),
    once[k] ?? '',
  ]
  return {
    x: await file('x', any, value('v1', 14), rows),
    small: await file('small', other(0), value('v2', 24), sizes[0]),
    medium: await file('medium', other(1), value('v2', 25), sizes[1]),
    big: await file('big', other(2), value('v2', 26), sizes[2]),
  }
}
