import { mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call, col } from '../../plan/expr.ts'
import { build, type Node, plan } from '../../plan/nodes.ts'
import type { Schema } from '../../plan/types.ts'
import { testContext } from '../conformance/compare.ts'
import { isGaps, type RunContext } from '../engine.ts'
import { openInstance } from './connection.ts'
import { createDuckdbEngine } from './index.ts'
import { stream } from './run.ts'

const folder = join(tmpdir(), `galley-cancel-${process.pid}`)
const options = { memoryMiB: 512, threads: 2, temp: folder }
const engine = createDuckdbEngine(options)
const file = join(folder, 'pairs.parquet')

beforeAll(async () => {
  mkdirSync(folder, { recursive: true })
  const pairs = 'SELECT i % 4 AS k, i % 100 AS low, 50 + i AS high FROM range(60000) t(i)'
  await engine.session(testContext(), (query) => query(`COPY (${pairs}) TO '${file}' (FORMAT parquet)`))
})
afterAll(async () => {
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Gives its first rows at once, and the others over minutes: of nearly a thousand million pairs, one in some thousands. */
function long(): Node {
  const schema = (names: readonly string[]): Schema => names.map((name) => ({ name, type: 'int64', nullable: true }))
  const scan = build({ op: 'scan', from: { kind: 'parquet', files: [file] }, schema: schema(['k', 'low', 'high']) })
  const other = build({ op: 'select', input: scan, columns: [['rk', col('k')], ['other', col('high')]] }) // biome-ignore format: one line
  const pairs = build({ op: 'join', left: scan, right: other, on: [['k', 'rk']], how: 'inner' })
  return build({ op: 'filter', input: pairs, predicate: call('gt', col('low'), col('other')) })
}

/** How reading ended, and how long after the signal, ms. */
async function cancelled(read: (ctx: RunContext, abort: () => void) => Promise<void>) {
  const controller = new AbortController()
  let at = Number.NaN
  const abort = () => {
    at = performance.now()
    controller.abort()
  }
  let code: unknown = 'it was read whole'
  try {
    await read({ ...testContext(), signal: controller.signal }, abort)
  } catch (error) {
    code = (error as { code?: unknown }).code
  }
  return { code, after: performance.now() - at }
}

describe('a query that is cancelled stops within a second', () => {
  test.each([0, 20, 300])('in the middle of its stream, %i ms after its first rows', async (wait) => {
    let batches = 0
    const { code, after } = await cancelled(async (ctx, abort) => {
      const prepared = engine.prepare(plan(long()))
      if (isGaps(prepared)) throw new Error('a gap')
      for await (const batch of (await prepared.run(ctx, 'batches')).batches())
        if (batch.rows > 0 && ++batches === 1) setTimeout(abort, wait)
    })
    expect(batches).toBeGreaterThan(0)
    expect(code).toBe('CANCELLED')
    expect(after).toBeLessThan(1000)
  })

  test('while it runs again, whole, to tell what broke its stream off', async () => {
    const instance = openInstance(options)
    // a few rows first, then a value that fails at the end of a second or so
    const last = 30_000_000
    const sql = `SELECT CASE WHEN i = ${last - 1} THEN CAST('x' || i AS BIGINT) ELSE i END AS n FROM range(${last}) t(i)
      WHERE hash(i) % 5000 = 0 OR i = ${last - 1}`
    const schema: Schema = [{ name: 'n', type: 'int64', nullable: true }]
    const read = async (ctx: RunContext) => {
      let rows = 0
      for await (const batch of stream(sql, schema, () => instance, ctx)) rows += batch.rows
      throw new Error(`${rows} rows, and no failure`)
    }
    const once = async () => {
      const began = performance.now()
      await expect(read(testContext())).rejects.toMatchObject({ code: 'VALUE_INVALID' })
      return performance.now() - began
    }
    // the stream and the query once more take about as long; the first time of all takes longer
    const whole = Math.min(await once(), await once(), await once())
    const { code, after } = await cancelled(async (ctx, abort) => {
      setTimeout(abort, whole * 0.7)
      await read(ctx)
    })
    expect(code).toBe('CANCELLED')
    expect(after).toBeLessThan(1000)
    ;(await instance).db.closeSync()
  })
})

test('what the system says of a file that the work around a query asked for is not told of the query', async () => {
  const asked = engine.session(testContext(), async () => mkdirSync(join(folder, 'none', 'below')))
  await expect(asked).rejects.toMatchObject({ code: 'ENOENT', syscall: 'mkdir' })
  await expect(engine.session(testContext(), (query) => query('SELECT no_such()'))).rejects.toMatchObject({
    code: 'ENGINE_FAILED',
    fix: expect.stringContaining('again'),
  })
})
