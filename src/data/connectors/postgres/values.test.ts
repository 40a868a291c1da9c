import { afterAll, describe, expect, test } from 'vitest'
import type { Condition } from '../../../plan/conditions.ts'
import type { TypeName } from '../../../plan/types.ts'
import { testReader, testServer } from './testing.ts'

const server = await testServer()
const reader = testReader(server)
const { ids, load, rowsOf, spec } = reader
const { sql } = server
afterAll(async () => {
  await reader.close()
  await server.close()
})

describe('values of a table', () => {
  test('of every kind are what the server has', async () => {
    await sql(`CREATE TYPE mood AS ENUM ('좋음', 'so-so'); CREATE DOMAIN euros AS numeric(9, 2);
      CREATE TABLE kinds (a int8[], b text[], c timestamptz[], d numeric[], raw bytea, doc jsonb, m mood, u uuid, free numeric, small float4, big float8, e euros, i interval, s int2)`)
    await sql(`INSERT INTO kinds VALUES
      ('{9223372036854775807,NULL}', '{"a,\\"b","",NULL,"NULL"}', '{"2026-01-31 18:05:00.5+09"}', '{1.25,-3}', '\\x00ff0a', '{"a": [1, "x"]}', 'so-so',
       '2f1b6f1e-6f0a-4a58-9a3e-0d9a3ddc8a10', 12345678901.5, 0.1, 1e-320, 0.05, '1 day 02:00', -3),
      ('{}', '{}', '{}', '{}', '', '"\\u00e9\\n"', '좋음', NULL, NULL, 'NaN', 'Infinity', NULL, NULL, NULL)`)
    const columns: Record<string, TypeName> = {
      ...{
        a: 'int64[]',
        b: 'string[]',
        c: 'timestamp[]',
        d: 'decimal(9, 2)[]',
        raw: 'bytes',
        doc: 'string',
        m: 'string',
      },
      ...{
        u: 'string',
        free: 'decimal(18, 2)',
        small: 'float64',
        big: 'float64',
        e: 'decimal(9, 2)',
        i: 'string',
        s: 'int32',
      },
    }
    const [one = [], two = []] = await rowsOf(await load(spec('kinds', columns)))
    expect(one.slice(0, 4)).toEqual([[9223372036854775807n, null], ['a,"b', '', null, 'NULL'], [1769850300500000n], [125n, -300n]]) // biome-ignore format: one line
    expect([...(one[4] as Uint8Array)]).toEqual([0, 255, 10])
    expect(one.slice(5)).toEqual([
      ...['{"a": [1, "x"]}', 'so-so', '2f1b6f1e-6f0a-4a58-9a3e-0d9a3ddc8a10', 1234567890150n, Math.fround(0.1)],
      ...[1e-320, 5n, 'P1DT2H', -3],
    ])
    expect(two.slice(0, 4)).toEqual([[], [], [], []])
    expect(two.slice(5)).toEqual(['"é\\n"', '좋음', null, null, NaN, Infinity, null, null, null])
  })

  test('empty text, null, and what looks like null are three things; rows may be long', async () => {
    await sql(`CREATE TABLE texts (t text)`)
    const long = 'x,"\n'.repeat(800_000)
    await sql(`INSERT INTO texts VALUES (''), (NULL), ('\\N'), ('NULL'), (E'a\\r\\nb\\t"'), ('\\.'), ($1)`, [long])
    const rows = await rowsOf(await load(spec('texts', { t: 'string' })))
    expect(rows.map((r) => r[0])).toEqual(['', null, '\\N', 'NULL', 'a\r\nb\t"', '\\.', long])
  })

  test('views, partitioned tables and other schemas are read too; a column that is gone may be null', async () => {
    await sql(`CREATE SCHEMA "my sales"; CREATE TABLE "my sales".t (id int8) PARTITION BY RANGE (id);
      CREATE TABLE "my sales".t1 PARTITION OF "my sales".t FOR VALUES FROM (0) TO (10);
      CREATE TABLE "my sales".t2 PARTITION OF "my sales".t FOR VALUES FROM (10) TO (100000);
      INSERT INTO "my sales".t SELECT g FROM generate_series(0, 5000) g; CREATE VIEW evens AS SELECT * FROM "my sales".t WHERE id % 2 = 0`)
    const there = { schema: 'my sales' }
    expect((await ids(spec('t', { id: 'int64' }, there))).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 5001 }, (_, i) => i)) // biome-ignore format: one line
    expect((await ids(spec('evens', { id: 'int64' }))).length).toBe(2501)
    const evolved = await load(spec('evens', { id: 'int64', gone: 'string' }, { changes: 'evolve' }))
    expect((await rowsOf(evolved)).slice(0, 1)).toEqual([[0n, null]])
    await expect(load(spec('t', { id: 'int64' }))).rejects.toMatchObject({
      code: 'SOURCE_MISSING',
      fix: expect.stringContaining("schema: 'my sales'"),
    })
  })
})

describe('broken values', () => {
  const columns = { id: 'int64', at: 'timestamp', day: 'date', price: 'decimal(6, 2)' } as const
  test('stop the load, or are kept with their reasons, whatever is pushed down', async () => {
    await sql(`CREATE TABLE odd (id int8, at timestamptz, day date, price numeric);
      INSERT INTO odd VALUES (1, '2026-01-01Z', '2026-01-01', 1.50), (2, 'infinity', '2026-01-01', 1), (3, '2026-01-01Z', '0044-03-15 BC', 1),
        (4, '2026-01-01Z', '9999-12-31', 1.005), (5, NULL, NULL, NULL), (6, '2026-01-01Z', '10000-01-01', 'NaN'), (7, '2026-01-01Z', '2026-01-01', 10000)`)
    await expect(load(spec('odd', columns))).rejects.toMatchObject({
      code: 'SOURCE_BROKEN',
      what: expect.stringContaining('and 4 more'),
      why: expect.stringContaining('infinity'),
    })
    const only = { columns: ['id'], where: [{ column: 'id', is: 'le', value: '1', type: 'int64' }] } as const
    await expect(load(spec('odd', columns), { wanted: only })).rejects.toMatchObject({ details: { count: 5 } })
    for (const wanted of [undefined, only]) {
      const got = await load(spec('odd', columns, { broken: 'skip' }), wanted ? { wanted } : {})
      expect((await rowsOf(got)).map((r) => Number(r[0]))).toEqual(wanted ? [1] : [1, 5])
      expect(got.rejected).toEqual({
        'broken row (at has no value of type timestamp)': 1,
        'broken row (day has no value of type date)': 2,
        'broken row (price has no value of type decimal(6, 2))': 2,
      })
      const aside = [{ name: 'value', type: 'string', nullable: true }] as const
      expect((await rowsOf({ files: [got.quarantine as string], schema: aside })).flat()).toEqual(['infinity', '0044-03-15 BC', '1.005', '10000-01-01', '10000']) // biome-ignore format: one line
    }
    await expect(load(spec('odd', columns, { broken: 'skip', mostBroken: 4 }))).rejects.toMatchObject({
      code: 'SOURCE_BROKEN',
    })
  })

  test('only too far in the future are found too', async () => {
    await sql(`CREATE TABLE far (day date); INSERT INTO far VALUES ('2026-01-01'), ('infinity')`)
    await expect(load(spec('far', { day: 'date' }))).rejects.toMatchObject({ code: 'SOURCE_BROKEN' })
  })
})

test('a condition that is left to the server gives the same rows', async () => {
  await sql(`CREATE TABLE asked (id int8, t text, p numeric(6, 2), d date, at timestamptz, ok bool, f float8, c char(3));
    INSERT INTO asked SELECT g, (ARRAY['a', 'B', 'é', '가', '', NULL])[g % 6 + 1], g * 0.25, date '1969-12-25' + g, timestamptz '1969-12-31 23:59:59.999Z' + g * interval '1 microsecond', g % 3 = 0, g, 'a' FROM generate_series(1, 24) g`)
  const columns = { id: 'int64', t: 'string', p: 'decimal(6, 2)', d: 'date', at: 'timestamp', ok: 'bool', f: 'float64', c: 'string' } as const // biome-ignore format: one line
  const all = await rowsOf(await load(spec('asked', columns)))
  const names = Object.keys(columns)
  const bytewise = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
  const cases: [Condition, (v: never) => boolean][] = [
    [{ column: 'id', is: 'gt', value: '7', type: 'int64' }, (v: bigint) => v > 7n],
    [{ column: 't', is: 'lt', value: 'b', type: 'string' }, (v: string) => bytewise(v, 'b') < 0],
    [{ column: 't', is: 'eq', value: 'é', type: 'string' }, (v: string) => v === 'é'],
    [{ column: 't', is: 'ne', value: "it's", type: 'string' }, () => true],
    [{ column: 'p', is: 'le', value: '1.50', type: { decimal: [6, 2] } }, (v: bigint) => v <= 150n],
    [{ column: 'd', is: 'ge', value: -3, type: 'date' }, (v: number) => v >= -3],
    [{ column: 'at', is: 'lt', value: '-990', type: 'timestamp' }, (v: bigint) => v < -990n],
    [{ column: 'ok', is: 'eq', value: true, type: 'bool' }, (v: boolean) => v],
    [{ column: 't', is: 'not null' }, () => true],
  ]
  for (const [c, fits] of cases) {
    const got = await load(spec('asked', columns), { wanted: { columns: names, where: [c] } })
    const at = names.indexOf(c.column)
    const expected = all.filter((r) => r[at] !== null && fits(r[at] as never)).map((r) => r[0])
    expect(got.pushed?.length).toBe(1)
    expect([c, (await rowsOf(got)).map((r) => r[0])]).toEqual([c, expected])
    expect(expected.length).toBeGreaterThan(0)
  }
  for (const [column, value, type] of [['f', 3, 'float64'], ['c', 'a', 'string']] as const) // biome-ignore format: one line
    expect(await load(spec('asked', columns), { wanted: { columns: names, where: [{ column, is: 'eq', value, type }] } })).toMatchObject({ rows: 24, pushed: [] }) // biome-ignore format: one line
})
