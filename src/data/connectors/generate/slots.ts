import { createHash } from 'node:crypto'

/** A value of a row that is computed once, in a SELECT of its own level. */
export interface Slot {
  readonly name: string
  readonly level: number
}

/** Expressions over slots, each in a level above those that it reads: text grows with their number, not with how often they are used. */
export interface Slots {
  /** A slot for SQL that names other slots. */
  let(sql: string, ...reads: readonly Slot[]): Slot
  /** A 32-bit number in a UBIGINT that depends on a stream and on the number of a row alone. */
  draw(stream: string, row: Slot): Slot
  /** The same, of 53 bits. */
  wide(stream: string, row: Slot): Slot
  /** The rows of a table as nested SELECTs: `columns` over the rows of `from`, which has the slot of the row as `r`. */
  select(columns: readonly (readonly [sql: string, reads: readonly Slot[]])[], from: string): string
}

/** The row's own number, from 0. */
export const ROW: Slot = { name: 'r', level: 0 }

export function slots(): Slots {
  const known = new Map<string, Slot>()
  const levels: string[][] = []
  const own = (sql: string, ...reads: readonly Slot[]): Slot => {
    const before = known.get(sql)
    if (before) return before
    const level = Math.max(0, ...reads.map((s) => s.level)) + 1
    const slot = { name: `s${known.size}`, level }
    known.set(sql, slot)
    ;(levels[level] ??= []).push(`${sql} AS ${slot.name}`)
    return slot
  }
  /** murmur3's 32-bit finaliser (Austin Appleby, MurmurHash3.cpp), in unsigned 64-bit arithmetic. */
  const finalise = (h: Slot): Slot => {
    const one = own(`(xor(${h.name}, ${h.name} >> 16) * 2246822507::UBIGINT & 4294967295::UBIGINT)`, h)
    const two = own(`(xor(${one.name}, ${one.name} >> 13) * 3266489909::UBIGINT & 4294967295::UBIGINT)`, one)
    return own(`xor(${two.name}, ${two.name} >> 16)`, two)
  }
  const draw = (stream: string, row: Slot): Slot => {
    const words = createHash('sha256').update(stream).digest()
    const low = own(`xor((${row.name} & 4294967295)::UBIGINT, ${words.readUInt32BE(0)}::UBIGINT)`, row)
    const first = finalise(low)
    const high = `xor((${row.name} >> 32)::UBIGINT, ${words.readUInt32BE(4)}::UBIGINT)`
    return finalise(own(`xor(${first.name}, ${high})`, first, row))
  }
  return {
    let: own,
    draw,
    wide(stream, row) {
      const [a, b] = [draw(`${stream}\0a`, row), draw(`${stream}\0b`, row)]
      return own(`((${a.name} >> 5) * 67108864::UBIGINT + (${b.name} >> 6))`, a, b)
    },
    select(columns, from) {
      const inner = levels.reduce((sql, level) => `SELECT *, ${level.join(', ')} FROM (${sql})`, from)
      return `SELECT ${columns.map(([sql]) => sql).join(', ')} FROM (${inner})`
    },
  }
}
