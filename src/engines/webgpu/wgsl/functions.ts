import { isDecimal, typeName } from '../../../plan/types.ts'
import { cast } from './cast.ts'
import { roundTo, within18 } from './decimals.ts'
import { type Code, DAY, DeviceGap } from './emit.ts'
import { float64, isFloating, longOf, rounding } from './floats.ts'
import { byRep, compared, extreme, less, logic, same, strict, type Write } from './writes.ts'
import { zoned } from './zones.ts'

const calendar = (part: (day: string) => string): Write =>
  byRep({
    i32: strict((d) => `wide(${part(d)})`),
    vec2u: strict((t) => `wide(${part(`dayOf(${t})`)})`),
  })
const clock = (part: (second: string) => string): Write => strict((t) => `wide(${part(`secondOf(${t})`)})`)
const add: Write = strict(
  (a, b) => `add64(${a}, ${b})`,
  (a, b, r) => `addOver(${a}, ${b}, ${r})`,
)
const sub: Write = strict(
  (a, b) => `sub64(${a}, ${b})`,
  (a, b, r) => `subOver(${a}, ${b}, ${r})`,
)

/** Arithmetic on integers and decimals by `write` and on floats by `float`. A decimal has 18 digits at most. */
const numeric =
  (write: Write, float?: Write): Write =>
  (e, args, type, lenient) => {
    const floating = args.some((a) => isFloating(a.type))
    if (floating && !float) {
      const of = typeName((args[0] as Code).type)
      throw new DeviceGap(of, `it is not computed of ${of} on the device`)
    }
    if (floating && float) return float(e, args, type, lenient)
    const made = write(e, args, type, lenient)
    return isDecimal(type) ? within18(e, made) : made
  }
const product = strict(
  (a, b) => `mul64(${a}, ${b})`,
  (a, b) => `mulOver(${a}, ${b})`,
)
/** Of floats by their bits. */
const ofBits = (single: (a: string) => string, double: (a: string) => string): Write =>
  byRep({ u32: strict(single), vec2u: strict(double) })

/** The functions that the device computes, by name, and `cast`. */
export const FUNCTIONS = {
  cast,
  eq: compared(same),
  ne: compared((a, b) => `!${same(a, b)}`),
  lt: compared((a, b, e) => less(e, a, b)),
  le: compared((a, b, e) => `!${less(e, b, a)}`),
  gt: compared((a, b, e) => less(e, b, a)),
  ge: compared((a, b, e) => `!${less(e, a, b)}`),
  and: logic(false),
  or: logic(true),
  not: strict((a) => `!${a}`),
  isNull: (e, [a]) => {
    const { s } = a as Code
    return s === '0u' ? e.code('bool', 'false', s) : e.code('bool', `${s} == 1u`, `${s} & 2u`)
  },
  isNaN: byRep({
    u32: strict((a) => `order32(${a}) == 0xffffffffu`),
    vec2u: strict((a) => `order64(${a}).y == 0xffffffffu`),
  }),
  fails: (e, [a]) => e.code('bool', `(${(a as Code).s} & 2u) != 0u`, '0u'),
  orNull: (e, [a], type) => {
    const { v, s } = a as Code
    return e.code(type, v, s === '0u' ? s : `select(${s}, 1u, (${s} & 2u) != 0u)`)
  },
  coalesce: (e, args, type) =>
    args.slice(0, -1).reduceRight((rest, a) => {
      if (a.s === '0u') return a
      const takes = e.let(`${a.s} != 1u`)
      return e.code(type, `select(${rest.v}, ${a.v}, ${takes})`, `select(${rest.s}, ${a.s}, ${takes})`)
    }, args.at(-1) as Code),
  isIn: (e, args) => {
    const [a, ...set] = args as readonly [Code, ...Code[]]
    const present = (c: Code, test: string) => (c.s === '0u' ? test : `((${c.s} == 0u) & ${test})`)
    const found = e.let(
      set.length === 0
        ? 'false'
        : e.fold(
            '|',
            set.map((c) => present(c, same(a, c))),
          ),
    )
    const states = e.stateOf(...args)
    if (states === '0u') return e.code('bool', found, states)
    const missing = set.filter((c) => c.s !== '0u').map((c) => `(${c.s} == 1u)`)
    const unsure = missing.length === 0 ? '0u' : `select(0u, 1u, ${e.fold('|', missing)})`
    const own = a.s === '0u' ? '' : `select(`
    const state = `select(${unsure}, 0u, ${found})`
    const known = a.s === '0u' ? state : `${own}${state}, 1u, ${a.s} == 1u)`
    return e.code('bool', found, `select(${known}, 2u, (${states} & 2u) != 0u)`)
  },
  least: extreme((a, b, e) => less(e, a, b)),
  greatest: extreme((a, b, e) => less(e, b, a)),
  add: numeric(
    add,
    float64((a, b) => `add_f64(${a}, ${b})`),
  ),
  sub: numeric(
    sub,
    float64((a, b) => `sub_f64(${a}, ${b})`),
  ),
  mul: numeric(
    (e, args, type, lenient) =>
      // a decimal and an integer come as they are
      product(
        e,
        args.map((a) => (a.rep === 'i32' ? e.widen(a, 'int64') : a)),
        type,
        lenient,
      ),
    float64((a, b) => `mul_f64(${a}, ${b})`),
  ),
  div: float64((a, b) => `div_f64(${a}, ${b})`),
  sqrt: float64((a) => `sqrt_f64(${a})`),
  ln: float64((a) => `log_f64(${a})`),
  log10: float64((a) => `log10_f64(${a})`),
  exp: float64((a) => `exp_f64(${a})`),
  trunc: rounding(0),
  round: rounding(1),
  floor: rounding(2),
  ceil: rounding(3),
  roundTo,
  intDiv: strict(
    (a, b) => `truncDiv(${a}, select(${b}, vec2u(1u, 0u), zero64(${b})))`,
    (a, b) => `(zero64(${b}) | (least64(${a}) & same64(${b}, vec2u(0xffffffffu, 0xffffffffu))))`,
  ),
  mod: numeric(
    strict(
      (a, b) => `truncMod(${a}, select(${b}, vec2u(1u, 0u), zero64(${b})))`,
      (_, b) => `zero64(${b})`,
    ),
  ),
  neg: numeric(
    byRep({
      i32: strict(
        (a) => `neg32(${a})`,
        (a) => `least32(${a})`,
      ),
      vec2u: strict(
        (a) => `neg64(${a})`,
        (a) => `least64(${a})`,
      ),
    }),
    ofBits(
      (a) => `${a} ^ 0x80000000u`,
      (a) => `neg_f64(${a})`,
    ),
  ),
  abs: numeric(
    byRep({
      i32: strict(
        (a) => `abs32(${a})`,
        (a) => `least32(${a})`,
      ),
      vec2u: strict(
        (a) => `magnitude(${a})`,
        (a) => `least64(${a})`,
      ),
    }),
    ofBits(
      (a) => `${a} & 0x7fffffffu`,
      (a) => `magnitudeOf(${a})`,
    ),
  ),
  sign: numeric(
    byRep({
      i32: strict((a) => `wide(sign(${a}))`),
      vec2u: strict(
        (a) => `select(vec2u(select(1u, 0u, zero64(${a})), 0u), vec2u(0xffffffffu, 0xffffffffu), negative(${a}))`,
      ),
    }),
    byRep({
      // what is not a number is greater than all
      u32: strict(
        (a) => `wide(select(select(-1i, 1i, order32(${a}) > 0x80000000u), 0i, order32(${a}) == 0x80000000u))`,
      ),
      vec2u: strict(
        (a) =>
          `wide(select(select(-1i, 1i, negative(order64(${a}))), 0i, same64(order64(${a}), vec2u(0u, 0x80000000u))))`,
      ),
    }),
  ),
  addDuration: add,
  subDuration: sub,
  diffTime: byRep({
    i32: strict(
      (a, b) => `mul64(sub64(wide(${a}), wide(${b})), ${DAY})`,
      (a, b) => `mulOver(sub64(wide(${a}), wide(${b})), ${DAY})`,
    ),
    vec2u: sub,
  }),
  micros: numeric(byRep({ i32: strict((a) => `wide(${a})`), vec2u: strict((a) => a) }), (e, args, type) => {
    const a = args[0] as Code
    const { v, wrong } = longOf(e, a, 'near')
    const bad = `u32(${wrong}) << 1u`
    return e.code(type, v, a.s === '0u' ? bad : `select(${a.s}, ${bad}, ${a.s} == 0u)`)
  }),
  inMicros: strict((a) => a),
  hash32: byRep({
    i32: strict((a) => `vec2u(hashOf64(wide(${a})), 0u)`),
    vec2u: strict((a) => `vec2u(hashOf64(${a}), 0u)`),
  }),
  combine32: strict((a, b) => `vec2u(finalise32(${a}.x * 31u + ${b}.x), 0u)`),
  toInstant: zoned('instantOf'),
  toLocal: zoned('localOf'),
  toDate: strict((a) => `dayOf(${a})`),
  year: calendar((d) => `civil(${d}).x`),
  quarter: calendar((d) => `(civil(${d}).y - 1) / 3 + 1`),
  month: calendar((d) => `civil(${d}).y`),
  day: calendar((d) => `civil(${d}).z`),
  weekday: calendar((d) => `weekdayOf(${d})`),
  dayOfYear: calendar((d) => `${d} - yearStart(civil(${d}).x) + 1`),
  hour: clock((s) => `${s} / 3600`),
  minute: clock((s) => `${s} / 60 % 60`),
  second: clock((s) => `${s} % 60`),
  minuteOfDay: clock((s) => `${s} / 60`),
} satisfies Record<string, Write>

/** The code of a function; undefined where the device has none. */
export const functionOf = (fn: string): Write | undefined =>
  Object.hasOwn(FUNCTIONS, fn) && fn !== 'cast' ? FUNCTIONS[fn as keyof typeof FUNCTIONS] : undefined
