/// <reference types="@webgpu/types" />
import type { Schema } from '../../plan/types.ts'
import type { Value } from '../batch.ts'
import { compileSlot } from '../closures.ts'
import { Failure, failed, type Slot } from '../failure.ts'
import { invalid } from '../values.ts'
import type { Dictionary } from './gather.ts'
import { ranksOf } from './ranks.ts'
import type { Transfers } from './transfers.ts'
import { FIRST, strideOf, TEXT, type TextTable } from './wgsl/bytext.ts'
import { wordsOfValue } from './wgsl/lookup.ts'

type Values = Extract<TextTable, { kind: 'values' }>

const SCHEMA: Schema = [{ name: TEXT, type: 'string', nullable: true }]
const FAILED = new Failure(invalid('the text failed', 'it is computed of one'))

/** What tables came to for the texts that a dictionary had so far. */
const made = new WeakMap<Dictionary, Map<string, number[]>>()

/**
 * The tables of a kernel in one buffer, for all texts of the run: first where each begins, then their entries. Texts that
 * a table gives join the dictionary, so that the tables after it have them.
 */
export function uploadTables(transfers: Transfers, words: Dictionary, tables: readonly TextTable[]): GPUBuffer {
  const parts = tables.map((table) => (table.kind === 'values' ? entriesOf(table, words) : undefined))
  const ranks = tables.some((t) => t.kind === 'rank') ? ranksOf(words) : new Uint32Array(0)
  const own = parts.map((part) => part ?? ranks)
  let size = tables.length
  const places = own.map((part) => (size += part.length) - part.length)
  return transfers.upload(size, (to) => {
    to.set(places)
    for (const [i, part] of own.entries()) to.set(part, places[i])
  })
}

/** As the reference has it, each text once. */
function entriesOf({ expr, type, rep }: Values, words: Dictionary): readonly number[] {
  let known = made.get(words)
  if (!known) made.set(words, (known = new Map()))
  const key = JSON.stringify(expr)
  const entries = known.get(key) ?? []
  known.set(key, entries)
  const stride = strideOf(rep)
  const value = compileSlot(expr, SCHEMA)
  const add = (text: Slot): void => {
    const slot = value([text])
    const there = slot !== null && !failed(slot)
    const state = there ? 0 : slot === null ? 1 : 2
    if (rep === 'bool') entries.push(state | (slot === true ? 4 : 0))
    else {
      const own = there ? wordsOfValue(slot as Exclude<Value, null>, type, rep, (text) => words.code(text)) : []
      entries.push(state, ...own)
      for (let i = own.length + 1; i < stride; i++) entries.push(0)
    }
  }
  if (entries.length === 0) for (const text of [null, FAILED]) add(text)
  // what is added meanwhile is no text that it is asked for yet
  const all = words.list.length
  for (let code = entries.length / stride - FIRST; code < all; code++) add(words.list[code] as string)
  return entries
}
