import type { FunctionName } from '../../plan/expr.ts'
import { isInteger, isTemporal } from '../../plan/types.ts'
import { lowerCase, upperCase } from '../scalars/text.ts'
import type { Emitter } from './emitter.ts'
import { DAY, SAFE } from './kernel.ts'
import { isLong, repOf } from './reps.ts'
import { bool, type Emit, takes, text } from './shapes.ts'

const strings = (n: number, give: 'str' | 'bool', code: (...x: string[]) => string): Emit =>
  takes(n, (e, _, ...args) => {
    if (args.some((a) => a.rep !== 'str')) return undefined
    return (give === 'str' ? text : bool)(e, code(...args.map((a) => a.v)), e.strict(args))
  })

/** A part of the day number or of the microseconds since midnight. */
const calendar = (part: string, low: number, high: number, code: (e: Emitter, x: string) => string): Emit =>
  takes(1, (e, val, a) => {
    const local = val.args[0]?.type === 'local timestamp'
    if (
      a.rep !== 'num' ||
      repOf(val, e.variant) !== 'num' ||
      !(local || (part === 'day' && val.args[0]?.type === 'date'))
    )
      return undefined
    const day = local ? e.set(`Math.floor(${a.v} / ${DAY})`) : a.v
    return e.integer(
      val,
      code(e, part === 'day' ? day : `(${a.v} - ${day} * ${DAY})`),
      { s: a.s, may: a.may },
      low,
      high,
    )
  })

const same: Emit = takes(1, (_e, _val, a) => a)

const trimmed = (s: string): string => s.replace(/^ +| +$/g, '')

const mapped = (f: (s: string) => string): Emit =>
  takes(1, (e, _, a) => (a.rep === 'str' ? text(e, `${e.bind(f)}(${a.v})`, e.strict([a])) : undefined))

/** Text and time; what isn't here is computed by closures. */
export const TEXTS: Partial<Record<FunctionName, Emit>> = {
  lower: mapped(lowerCase),
  upper: mapped(upperCase),
  trim: mapped(trimmed),
  concat: (e, _, args) =>
    args.every((a) => a.rep === 'str')
      ? text(e, ["''", ...args.map((a) => a.v)].join(' + '), e.strict(args))
      : undefined,
  contains: strings(2, 'bool', (x, y) => `${x}.includes(${y})`),
  startsWith: strings(2, 'bool', (x, y) => `${x}.startsWith(${y})`),
  endsWith: strings(2, 'bool', (x, y) => `${x}.endsWith(${y})`),
  length: takes(1, (e, val, a) =>
    a.rep === 'str' && repOf(val, e.variant) === 'num'
      ? e.integer(val, `${e.use('length')}(${a.v})`, e.strict([a]), 0, 2 ** 30)
      : undefined,
  ),
  toInstant: same,
  toLocal: same,
  toDate: takes(1, (e, val, a) =>
    a.rep === 'num' ? e.integer(val, `Math.floor(${a.v} / ${DAY})`, e.strict([a]), -110_000, 110_000) : undefined,
  ),
  diffTime: takes(2, (e, val, a, b) => {
    if (a.rep !== 'num' || b.rep !== 'num' || repOf(val, e.variant) !== 'num') return undefined
    const unit = val.args[0]?.type === 'date' ? DAY : 1
    return e.integer(
      val,
      `(${a.v} - ${b.v})${unit === 1 ? '' : ` * ${unit} + 0`}`,
      e.strict([a, b]),
      (a.low - b.high) * unit,
      (a.high - b.low) * unit,
    )
  }),
  micros: takes(1, (e, val, a) => {
    const from = val.args[0]?.type
    if (a.rep !== 'num' || repOf(val, e.variant) !== 'num' || !from) return undefined
    if (isInteger(from)) return a
    const s = e.name()
    const v = e.name()
    e.line(`let ${s} = ${a.s}, ${v} = ${e.use('round')}(${a.v}) + 0`)
    e.line(`if (!(Math.abs(${v}) < ${SAFE})) {`)
    e.line(`  if (${s} === 0 && Math.abs(${v}) < ${2 ** 63}) ${e.target.bail(val.id)}`)
    e.line(`  if (${s} === 0) ${s} = 2`)
    e.line(`  ${v} = 0`)
    e.line('}')
    return { v, s, may: a.may | 2, rep: 'num', nan: false, low: -SAFE, high: SAFE }
  }),
  year: calendar('day', -400_000, 400_000, (e, x) => `${e.use('year')}(${x})`),
  month: calendar('day', 1, 12, (e, x) => `${e.use('month')}(${x})`),
  day: calendar('day', 1, 31, (e, x) => `${e.use('dayOfMonth')}(${x})`),
  weekday: calendar('day', 1, 7, (e, x) => `${e.use('weekday')}(${x})`),
  dayOfYear: calendar('day', 1, 366, (e, x) => `${e.use('dayOfYear')}(${x})`),
  hour: calendar('time', 0, 23, (_, x) => `Math.floor(${x} / 3600000000)`),
  minute: calendar('time', 0, 59, (_, x) => `Math.floor(${x} / 60000000) % 60`),
  minuteOfDay: calendar('time', 0, 1439, (_, x) => `Math.floor(${x} / 60000000)`),
  hash32: takes(1, (e, val, a) => {
    const from = val.args[0]?.type
    if (a.rep !== 'num' || repOf(val, e.variant) !== 'num' || !from) return undefined
    return isInteger(from) || isLong(from) || isTemporal(from)
      ? e.integer(val, `${e.use('hash')}(${a.v})`, e.strict([a]), 0, 2 ** 32)
      : undefined
  }),
}
