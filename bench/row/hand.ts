import type { Batch, Column, DictionaryColumn, FixedColumn } from '../../src/engines/batch.ts'
import type { Tuple } from '../../src/engines/closures.ts'
import { NO_RATE, RATES } from './plan.ts'

const rates = new Map<string, number>(RATES)
const DAY = 86_400_000_000
const SAFE = 2 ** 53

/** What a careful person would write for one record of the ten expressions. */
export function handRecord(row: Tuple): Tuple {
  const qty = row[0] as bigint | null
  const extra = row[1] as bigint
  const price = row[2] as number | null
  const discount = row[3] as number
  const delay = row[4] as bigint | null
  const at = Number(row[5] as bigint)
  const city = row[6] as string | null
  const total = qty === null || price === null ? null : Number(qty) * price
  const units = qty === null ? null : qty * 12n + extra
  if (units !== null && BigInt.asIntN(64, units) !== units) throw new RangeError('overflow')
  const day = Math.floor(at / DAY)
  const rate = city === null ? undefined : rates.get(city)
  return [
    total,
    total === null ? null : total * (1 - discount),
    units,
    delay === null ? null : delay > 15n,
    delay !== null && delay > 60n ? 3n : delay !== null && delay > 15n ? 2n : 1n,
    BigInt(Math.floor((at - day * DAY) / 3_600_000_000)),
    BigInt(((((day + 3) % 7) + 7) % 7) + 1),
    rate === undefined ? NO_RATE : rate,
    city === null ? null : city.toLowerCase(),
    city === null ? null : BigInt([...city].length),
  ]
}

const pairs = (c: Column | undefined): Int32Array => {
  const { values } = c as FixedColumn
  return new Int32Array(values.buffer, values.byteOffset, values.length * 2)
}
const longs = (rows: number) => {
  const values = new BigInt64Array(rows)
  return { values, words: new Int32Array(values.buffer) }
}

/** The same over a batch: one loop, typed arrays, 64-bit integers as pairs of words, text once a word. */
export function handBatch(capacity: number): (batch: Batch) => Column[] {
  const bytes = (capacity + 7) >> 3
  const total = new Float64Array(capacity)
  const net = new Float64Array(capacity)
  const units = longs(capacity)
  const late = new Uint8Array(capacity)
  const band = longs(capacity)
  const hour = longs(capacity)
  const weekday = longs(capacity)
  const rate = new Float64Array(capacity)
  const place = new Int32Array(capacity)
  const letters = longs(capacity)
  const totalValid = new Uint8Array(bytes)
  const unitsValid = new Uint8Array(bytes)
  const lateValid = new Uint8Array(bytes)
  const cityValid = new Uint8Array(bytes)
  return (batch) => {
    const n = batch.rows
    const [qtyC, extraC, priceC, discountC, delayC, atC, cityC] = batch.columns
    const ones = new Uint8Array(bytes).fill(255)
    const qty = pairs(qtyC)
    const qtyV = qtyC?.validity ?? ones
    const extra = pairs(extraC)
    const price = (priceC as FixedColumn).values as Float64Array
    const priceV = priceC?.validity ?? ones
    const discount = (discountC as FixedColumn).values as Float64Array
    const delay = pairs(delayC)
    const delayV = delayC?.validity ?? ones
    const at = pairs(atC)
    const { codes, words } = cityC as DictionaryColumn
    const cityV = cityC?.validity ?? ones
    const lower = words.map((w) => w.toLowerCase())
    const lengths = Float64Array.from(words, (w) => [...w].length)
    const wordRates = Float64Array.from(words, (w) => rates.get(w) ?? NO_RATE)
    totalValid.fill(0)
    unitsValid.fill(0)
    lateValid.fill(0)
    cityValid.fill(0)
    for (let i = 0; i < n; i++) {
      const byte = i >> 3
      const bit = i & 7
      const hasQty = ((qtyV[byte] as number) >> bit) & 1
      if (hasQty) {
        const q = (qty[2 * i + 1] as number) * 4294967296 + ((qty[2 * i] as number) >>> 0)
        const x = (extra[2 * i + 1] as number) * 4294967296 + ((extra[2 * i] as number) >>> 0)
        const u = q * 12 + x
        if (u >= SAFE || u <= -SAFE) throw new RangeError('overflow')
        units.words[2 * i] = u
        units.words[2 * i + 1] = Math.floor(u / 4294967296)
        unitsValid[byte] = (unitsValid[byte] as number) | (1 << bit)
        if (((priceV[byte] as number) >> bit) & 1) {
          const t = q * (price[i] as number)
          total[i] = t
          net[i] = t * (1 - (discount[i] as number))
          totalValid[byte] = (totalValid[byte] as number) | (1 << bit)
        }
      }
      let b = 1
      if (((delayV[byte] as number) >> bit) & 1) {
        const d = (delay[2 * i + 1] as number) * 4294967296 + ((delay[2 * i] as number) >>> 0)
        late[i] = d > 15 ? 1 : 0
        lateValid[byte] = (lateValid[byte] as number) | (1 << bit)
        b = d > 60 ? 3 : d > 15 ? 2 : 1
      }
      band.words[2 * i] = b
      const micros = (at[2 * i + 1] as number) * 4294967296 + ((at[2 * i] as number) >>> 0)
      const day = Math.floor(micros / DAY)
      hour.words[2 * i] = Math.floor((micros - day * DAY) / 3_600_000_000)
      weekday.words[2 * i] = ((((day + 3) % 7) + 7) % 7) + 1
      if (((cityV[byte] as number) >> bit) & 1) {
        const code = codes[i] as number
        rate[i] = wordRates[code] as number
        place[i] = code
        letters.words[2 * i] = lengths[code] as number
        cityValid[byte] = (cityValid[byte] as number) | (1 << bit)
      } else rate[i] = NO_RATE
    }
    const column = (type: FixedColumn['type'], values: FixedColumn['values'], validity: Uint8Array | null): Column => ({
      kind: 'fixed',
      type,
      length: n,
      validity,
      values,
    })
    return [
      column('float64', total, totalValid),
      column('float64', net, totalValid),
      column('int64', units.values, unitsValid),
      column('bool', late, lateValid),
      column('int64', band.values, null),
      column('int64', hour.values, null),
      column('int64', weekday.values, null),
      column('float64', rate, null),
      { kind: 'dictionary', type: 'string', length: n, validity: cityValid, codes: place, words: lower },
      column('int64', letters.values, cityValid),
    ]
  }
}
