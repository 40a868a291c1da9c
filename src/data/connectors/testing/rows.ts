import type { TypeName } from '../../../plan/types.ts'

export type Columns = Readonly<Record<string, TypeName>>
/** Cells as text, the plain way of their types; null where there is none. */
export type Cells = readonly (readonly (string | null)[])[]

/** A column of every type that a source of any kind has. */
export const COLUMNS = {
  id: 'int64',
  small: 'int32',
  share: 'float64',
  price: 'decimal(9, 2)',
  ok: 'bool',
  day: 'date',
  at: 'local timestamp',
  moment: 'timestamp',
  text: 'string',
} as const satisfies Columns

export const ROWS: Cells = [
  [
    '9223372036854775807',
    '-2147483648',
    '0.1',
    '1234567.89',
    'true',
    '2026-02-28',
    '2026-01-31 18:05:00',
    '2026-01-31 18:05:00Z',
    '서울, "한강"',
  ],
  [null, null, null, null, null, null, null, null, null],
  [
    '-9007199254740993',
    '7',
    '-1.5',
    '-0.05',
    'false',
    '0001-01-01',
    '1999-12-31 23:59:59.123456',
    '2026-07-01 00:00:00.5Z',
    '👩‍🍳\tline\u00a0end',
  ],
  ['0', '0', '0.0', '0.00', 'false', '9999-12-31', '1970-01-01 00:00:00', '1970-01-01 00:00:00Z', 'null'],
]

/** What the engine gives for `ROWS`. */
export const VALUES = [
  [
    9223372036854775807n,
    -2147483648,
    0.1,
    123456789n,
    true,
    20512,
    1769882700000000n,
    1769882700000000n,
    '서울, "한강"',
  ],
  [null, null, null, null, null, null, null, null, null],
  [-9007199254740993n, 7, -1.5, -5n, false, -719162, 946684799123456n, 1782864000500000n, '👩‍🍳\tline\u00a0end'],
  [0n, 0, 0, 0n, false, 2932896, 0n, 0n, 'null'],
]

const BARE: readonly TypeName[] = ['int32', 'int64', 'float64', 'bool']
/** Rows as JSON objects. */
export const objects = (columns: Columns, rows: Cells): string[] =>
  rows.map((row) => {
    const fields = Object.entries(columns).map(([name, type], i) => {
      const value = row[i] ?? null
      return `${JSON.stringify(name)}: ${value !== null && BARE.includes(type) ? value : JSON.stringify(value)}`
    })
    return `{${fields.join(', ')}}`
  })
