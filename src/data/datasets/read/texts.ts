import type { Relation } from '../../../engines/engine.ts'
import { recordOf } from './rows.ts'

const encoder = new TextEncoder()
/** Characters that are handed out together, about. */
const PIECE = 65_536

/** Rows as JSON, one object a line. */
export async function* jsonLines(relation: Relation): AsyncGenerator<Uint8Array> {
  let text = ''
  for await (const batch of relation.batches())
    for (let row = 0; row < batch.rows; row++) {
      text += `${JSON.stringify(recordOf(batch, row))}\n`
      if (text.length < PIECE) continue
      yield encoder.encode(text)
      text = ''
    }
  yield encoder.encode(text)
}

/** What makes a spreadsheet compute a cell instead of showing it (OWASP, CSV injection). */
const COMPUTED = /^[=+\-@\t\r]/

/**
 * Rows as CSV (RFC 4180, UTF-8, a header): null is an empty cell, the empty text `""`. Values are written as they are, so that
 * what is read back is the same; `safe` puts a `'` before texts that a spreadsheet would take for a formula, which changes them.
 */
export async function* csvText(relation: Relation, safe: boolean): AsyncGenerator<Uint8Array> {
  const { schema } = relation
  const cell = (value: unknown): string => {
    if (value === null || value === undefined) return ''
    if (typeof value === 'object') return quoted(JSON.stringify(value))
    if (typeof value !== 'string') return String(value)
    return quoted(safe && COMPUTED.test(value) ? `'${value}` : value)
  }
  let text = `${schema.map((f) => cell(f.name)).join(',')}\n`
  // what is no text can hold no formula, though -1 begins like one
  const plain = new Set(schema.filter((f) => f.type !== 'string').map((f) => f.name))
  for await (const batch of relation.batches())
    for (let row = 0; row < batch.rows; row++) {
      const record = recordOf(batch, row)
      const cells = schema.map(({ name }) => {
        const value = record[name]
        return plain.has(name) && typeof value === 'string' ? quoted(value) : cell(value)
      })
      // a line of one empty cell would be a blank line, which readers skip
      text += `${cells.length === 1 && cells[0] === '' ? '""' : cells.join(',')}\n`
      if (text.length < PIECE) continue
      yield encoder.encode(text)
      text = ''
    }
  yield encoder.encode(text)
}

const quoted = (text: string): string =>
  text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
