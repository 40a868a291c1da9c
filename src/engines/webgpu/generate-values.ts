import fc from 'fast-check'
import { type Literal, lit } from '../../plan/expr.ts'
import { isDecimal, type Schema, type Type } from '../../plan/types.ts'
import { formatDecimal } from '../values.ts'

/** Money, and a decimal of as many digits as there are. */
export const [MONEY, LONG]: readonly [Type, Type] = [{ decimal: [9, 2] }, { decimal: [18, 5] }]
/** Columns of every kind that the device holds; some are never null. */
export const TYPES: Readonly<Record<string, Type>> = {
  k: 'string',
  s: 'string',
  i: 'int64',
  j: 'int64',
  n: 'int32',
  x: 'float64',
  f: 'float32',
  b: 'bool',
  t: 'timestamp',
  l: 'local timestamp',
  d: 'date',
  u: 'duration',
  m: MONEY,
  o: LONG,
}
export const SCHEMA: Schema = Object.entries(TYPES).map(([name, type]) => ({
  name,
  type,
  nullable: name !== 's' && name !== 'j',
}))

const big = (n: bigint) => n.toString()
const longs = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -50, max: 50 }).map(String) },
  { weight: 2, arbitrary: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(big) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...[0n, -1n, 2n ** 32n, -(2n ** 32n), 2n ** 63n - 1n, -(2n ** 63n), 3037000500n].map(big),
    ),
  },
)
const micros = fc.oneof(
  fc.integer({ min: -80_000, max: 90_000 }).map((d) => String(d * 86_400_000_000 - 1)),
  fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n }).map(big),
)
export const floats = fc.oneof(
  fc.double(),
  fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, 0, 1, -1, 5e-324, -5e-324),
)
const decimals = (digits: number, scale: number) =>
  fc
    .oneof(
      { weight: 4, arbitrary: fc.bigInt({ min: -500n, max: 500n }) },
      { weight: 1, arbitrary: fc.bigInt({ min: 1n - 10n ** BigInt(digits), max: 10n ** BigInt(digits) - 1n }) },
    )
    .map((n) => formatDecimal(n, scale))
/** Literals of a type that columns or expressions here have. */
export const valuesOf = (type: Type): fc.Arbitrary<Literal> =>
  isDecimal(type) ? decimals(...type.decimal) : (VALUES[type as string] as fc.Arbitrary<Literal>)
const VALUES: Readonly<Record<string, fc.Arbitrary<Literal>>> = {
  string: fc.constantFrom('', 'a', 'B', 'ab', ' 한글', 'e\u0301', '😀', '12', '-3.5', '2001-02-03'),
  int64: longs,
  int32: fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constantFrom(2147483647, -2147483648, 46341)),
  float64: floats,
  float32: floats.map(Math.fround),
  bool: fc.boolean(),
  timestamp: micros,
  'local timestamp': micros,
  date: fc.integer({ min: -719_162, max: 2_932_896 }),
  duration: longs,
}
export const ZONES = fc
  .constantFrom('America/New_York', 'Asia/Seoul', 'Australia/Lord_Howe', 'Africa/Casablanca')
  .map((zone) => lit(zone, 'string'))
export const maybe = <T>(a: fc.Arbitrary<T>) => fc.option(a, { freq: 6, nil: null })
