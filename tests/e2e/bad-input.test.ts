import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { flightDelay } from '../../recipes/flight-delay/recipe.ts'
import { readConfig } from '../../src/base/config.ts'
import { type Galley, openGalley } from '../../src/main.ts'
import { run } from '../../src/runs/runner.ts'
import { flightRecipe, galley, recipeFile } from './command.ts'
import { AIRPORTS, FLIGHTS, sampleFlights } from './sample.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-bad-'))
const home = join(folder, 'home')
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

/** What went wrong, why and the fix, each on a line; the exit code says which kind. */
async function fails(recipe: string, exit: number, code: string, ...says: string[]): Promise<void> {
  const { code: exited, err } = await galley(home, 'run', recipe)
  expect(err).toContain(`error ${code}: `)
  for (const text of says) expect(err).toContain(text)
  expect(err).toContain('fix: ')
  expect(err).not.toContain('    at ')
  expect(exited).toBe(exit)
}

describe('sources', () => {
  test('a missing file', () =>
    fails(
      recipeFile(folder, 'missing', `k.source('a', csv('nowhere.csv', { a: 'string' }))`),
      2,
      'SOURCE_MISSING',
      join(folder, 'nowhere.csv'),
    ))

  test('a truncated file', async () => {
    writeFileSync(join(folder, 'cut.parquet'), readFileSync(FLIGHTS).subarray(0, 1_000_000))
    await fails(flightRecipe(folder, join(folder, 'cut.parquet'), AIRPORTS), 1, 'SOURCE_BROKEN', 'cut.parquet')
  })

  test('a file that is damaged in the middle', async () => {
    const bytes = readFileSync(FLIGHTS)
    bytes.fill(0, 2_000_000, 2_200_000)
    writeFileSync(join(folder, 'damaged.parquet'), bytes)
    await fails(flightRecipe(folder, join(folder, 'damaged.parquet'), AIRPORTS), 1, 'SOURCE_BROKEN')
  })

  test('an empty file', async () => {
    writeFileSync(join(folder, 'empty.csv'), '')
    await fails(
      recipeFile(folder, 'empty', `k.source('a', csv('empty.csv', { a: 'string' }))`),
      1,
      'SOURCE_BROKEN',
      'is empty',
    )
  })

  test('a wrong type', async () => {
    copyFileSync(FLIGHTS, join(folder, 'flights.parquet'))
    await fails(
      recipeFile(folder, 'types', `k.source('f', parquet('flights.parquet', { delay: 'string' }))`),
      1,
      'SOURCE_SCHEMA',
      "column 'delay'",
      'BIGINT',
    )
  })

  test('a column that the file lacks', () =>
    fails(
      recipeFile(folder, 'lacks', `k.source('f', parquet('flights.parquet', { dellay: 'int64' }))`),
      2,
      'PLAN_UNKNOWN_COLUMN',
      "did you mean 'delay'?",
    ))

  test('a CSV with a broken row: the line is named; it can be left out on purpose, and is counted', async () => {
    writeFileSync(join(folder, 'broken.csv'), 'id,amount\n1,10\n2,ten\n3,30,extra\n4,40\n')
    await fails(
      recipeFile(folder, 'broken', `k.source('b', csv('broken.csv', { id: 'int64', amount: 'float64' }))`),
      1,
      'SOURCE_BROKEN',
      'line 3 of',
      'and 1 more',
    )
    const skip = recipeFile(
      folder,
      'skip',
      `k.source('b', csv('broken.csv', { id: 'int64', amount: 'float64' }, { broken: 'skip' }))`,
    )
    const { code, err } = await galley(home, 'run', skip)
    expect(err).toMatch(/2 rows .*broken line \(cast\) 1.*broken line \(too many columns\) 1/)
    expect(code).toBe(0)
  })
})

describe('recipes', () => {
  test('a misspelt column names the ones that exist', () =>
    fails(
      recipeFile(
        folder,
        'spelling',
        `const f = k.source('f', parquet('flights.parquet', { delay: 'int64' }))\n  k.step('s', f.filter((r) => (r as any).dellay.gt(1)))`,
      ),
      2,
      'PLAN_UNKNOWN_COLUMN',
      "the columns are 'delay'",
      "did you mean 'delay'?",
    ))
  test('no such file', () => fails(join(folder, 'none.ts'), 2, 'RECIPE_NOT_FOUND'))
  test('a file that is not a recipe', async () => {
    writeFileSync(join(folder, 'not.ts'), 'export default 42\n')
    await fails(join(folder, 'not.ts'), 2, 'RECIPE_INVALID')
  })
  test('a file with a syntax error', async () => {
    writeFileSync(join(folder, 'syntax.ts'), 'export default {{\n')
    await fails(join(folder, 'syntax.ts'), 2, 'RECIPE_INVALID')
  })
  test('an expectation that does not hold stops the run with exit 3', () =>
    fails(
      recipeFile(
        folder,
        'expects',
        `const f = k.source('f', parquet('flights.parquet', { delay: 'int64' }))\n  k.dataset('d', f, { expect: (r) => ({ 'never early': r.delay.ge(0) }) })`,
      ),
      3,
      'QUALITY_FAILED',
      'never early',
    ))
  test('a usage error exits with 2', async () => {
    expect((await galley(home, 'predict', 'x')).code).toBe(2)
    expect((await galley(home, 'nonsense')).code).toBe(2)
    const unknown = await galley(home, 'endpoints', 'show', 'nothing')
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('ENDPOINT_UNKNOWN')])
  })
})

test.skipIf(process.getuid?.() !== 0)(
  'a full disk: one clear error, and with room again the same command finishes (mounting needs root)',
  async () => {
    const small = join(folder, 'small')
    mkdirSync(small)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=110m', 'tmpfs', small])
    try {
      const { flights, airports } = await sampleFlights(join(folder, 'source'))
      const recipe = flightRecipe(folder, flights, airports)
      await galley(join(small, 'home'), 'runs', 'ls')
      const { bavail, bsize } = statfsSync(small)
      writeFileSync(join(small, 'ballast'), Buffer.alloc(bavail * bsize - (9 << 20)))
      const full = await galley(join(small, 'home'), 'run', recipe)
      expect(full.err).toContain('error DISK_FULL: ')
      expect(full.code).toBe(1)
      rmSync(join(small, 'ballast'))
      execFileSync('mount', ['-o', 'remount,size=600m', small])
      expect((await galley(join(small, 'home'), 'run', recipe)).code).toBe(0)
    } finally {
      execFileSync('umount', ['-l', small])
    }
  },
  120_000,
)

describe('requests', () => {
  let g: Galley
  let url = ''
  let close: () => Promise<void> = async () => {}
  const good = { date: '2001-06-02 18:05:00', origin: 'ORD', destination: 'LGA', distance: 733 }

  const post = (
    path: string,
    body: string | Buffer,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; json: Record<string, unknown>; headers: Record<string, unknown> }> =>
    new Promise((resolve, reject) => {
      const call = request(
        `${url}${path}`,
        { method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
        (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk
          })
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              json: JSON.parse(text) as Record<string, unknown>,
              headers: response.headers,
            }),
          )
        },
      )
      call.on('error', reject)
      call.end(body)
    })
  const predict = (record: unknown) => post('/v1/endpoints/flight-delay/predict', JSON.stringify(record))

  beforeAll(async () => {
    const { flights, airports } = await sampleFlights(join(folder, 'source2'))
    g = await openGalley({ ...readConfig({}), home: join(folder, 'served'), log: 'silent' })
    const server = await g.listen({ port: 0 })
    url = server.url
    close = server.close
    await run(g.ware, await g.scope(), flightDelay(flights, airports), {
      folder,
      signal: new AbortController().signal,
      on: () => {},
    })
  }, 60_000)
  afterAll(async () => {
    await close()
    await g.close()
  })

  test('before the model is ready: 503 with Retry-After; then it answers', async () => {
    const early = await predict(good)
    expect([early.status, early.json['code'], early.headers['retry-after']]).toEqual([503, 'ENDPOINT_NOT_READY', '1'])
    await g.hub(await g.scope()).start()
    const answer = await predict(good)
    expect(answer.status).toBe(200)
    expect(answer.json).toMatchObject({
      model: 'late-arrival@1',
      predictions: [{ score: expect.any(Number), positive: expect.any(Boolean) }],
    })
  })

  test.each([
    ['an unknown column', { ...good, dinstance: 1 }, 422, 'RECORD_INVALID', "did you mean 'distance'?"],
    ['a missing column', { date: good.date, origin: 'ORD', destination: 'LGA' }, 422, 'RECORD_INVALID', 'distance'],
    ['a wrong type', { ...good, distance: 'far' }, 422, 'RECORD_INVALID', 'distance'],
    ['a fraction for an integer', { ...good, distance: 1.5 }, 422, 'RECORD_INVALID', 'distance'],
    ['a day that does not exist', { ...good, date: '2001-06-31 10:00:00' }, 422, 'RECORD_INVALID', 'date'],
    ['a record that the recipe rejects', { ...good, distance: 0 }, 422, 'RECORD_REJECTED', 'no distance'],
    ['an airport that is not known', { ...good, origin: '???' }, 422, 'RECORD_REJECTED', '???'],
    ['a moment before the history', { ...good, date: '2001-01-05 10:00:00' }, 422, 'TOO_OLD', 'history'],
    ['a list', [good], 400, 'REQUEST_INVALID', ''],
  ])('%s', async (_, record, status, code, says) => {
    const answer = await predict(record)
    expect([answer.status, answer.json['code']]).toEqual([status, code])
    expect(JSON.stringify(answer.json)).toContain(says)
    expect(answer.json['fix']).toEqual(expect.any(String))
  })

  test('not JSON, no such route, no such endpoint, another workspace', async () => {
    expect(await post('/v1/endpoints/flight-delay/predict', '{')).toMatchObject({
      status: 400,
      json: { code: 'REQUEST_INVALID' },
    })
    expect(await post('/v1/nothing', '{}')).toMatchObject({ status: 404, json: { code: 'ROUTE_UNKNOWN' } })
    expect(await post('/v1/endpoints/none/predict', '{}')).toMatchObject({
      status: 404,
      json: { code: 'ENDPOINT_UNKNOWN' },
    })
    expect(
      await post('/v1/endpoints/flight-delay/predict', JSON.stringify(good), { 'x-galley-workspace': 'other' }),
    ).toMatchObject({ status: 404, json: { code: 'WORKSPACE_UNKNOWN' } })
  })

  test('a page of another site is refused: by its origin, and by a host name that leads here', async () => {
    const path = '/v1/endpoints/flight-delay/predict'
    const refused = { status: 403, json: { code: 'ORIGIN_REFUSED' } }
    expect(await post(path, JSON.stringify(good), { origin: 'http://evil.example' })).toMatchObject(refused)
    expect(await post(path, JSON.stringify(good), { host: 'evil.example' })).toMatchObject(refused)
    expect((await post(path, JSON.stringify(good), { origin: url })).status).toBe(200)
  })

  test('a body of 100 MB: 413, declared or not, and the server goes on', async () => {
    const big = Buffer.alloc(100 << 20, 32)
    expect(
      await post('/v1/endpoints/flight-delay/predict', big.subarray(0, 5 << 20), { 'content-length': String(5 << 20) }),
    ).toMatchObject({ status: 413, json: { code: 'BODY_TOO_LARGE' } })
    const chunked = await post('/v1/endpoints/flight-delay/predict', big, { 'transfer-encoding': 'chunked' }).catch(
      (error: NodeJS.ErrnoException) => error.code,
    )
    // a client that does not read before it has sent all may only see the connection close
    expect(typeof chunked === 'string' ? 413 : chunked?.status).toBe(413)
    expect((await predict(good)).status).toBe(200)
  })

  test('what was fed is there after a restart, and repeated events count once', async () => {
    const event = { date: '2001-06-04 08:00:00', delay: 60, origin: 'ORD', destination: 'LGA', distance: 733 }
    const feed = () => post('/v1/endpoints/flight-delay/feed', JSON.stringify({ records: [event] }))
    expect((await feed()).json).toEqual({ taken: 1, ignored: 0 })
    expect((await feed()).json).toEqual({ taken: 0, ignored: 1 })
    const hub = g.hub(await g.scope())
    const asked = { ...good, date: '2001-06-04 12:00:00' }
    const before = (await hub.get('flight-delay')).explain(asked)
    expect(before['flightsOut']).toBe(1n)
    await hub.close()
    const { openEndpoint } = await import('../../src/ml/serving/endpoint.ts')
    const again = await openEndpoint(
      { store: g.store, duckdb: g.duckdb, scope: await g.scope(), clock: g.clock, log: g.log },
      'flight-delay',
    )
    expect(again.explain(asked)).toEqual(before)
    await again.close()
  })
})
