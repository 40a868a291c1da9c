import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { PEERS } from '../peers.ts'

/** Rows take 31 bytes of Parquet each: their values are as good as random. */
export interface Size {
  readonly name: string
  readonly gib: number
  readonly rows: number
}
const size = (gib: number): Size => ({ name: `${gib}GiB`, gib, rows: gib * 34_600_000 })
export const SIZES: readonly Size[] = [size(1), size(10)]

export const TASKS = ['sort', 'join', 'groupby'] as const
export type TaskName = (typeof TASKS)[number]

export function folderOf({ name }: Size): string {
  const folder = join(PEERS, 'spill', name)
  mkdirSync(folder, { recursive: true })
  return folder
}
