import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { flightDelay } from '../../recipes/flight-delay/recipe.ts'
import { readConfig } from '../../src/base/config.ts'
import { type Galley, openGalley } from '../../src/main.ts'
import type { Explained } from '../../src/ml/serving/answers.ts'
import { run } from '../../src/runs/runner.ts'
import { poster } from './posting.ts'
import { sampleFlights } from './sample.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-requests-'))
let g: Galley
let url = ''
let close: () => Promise<void> = async () => {}
const good = { date: '2001-06-02 18:05:00', origin: 'ORD', destination: 'LGA', distance: 733 }

const post = poster(() => url)
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
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
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
  ['a list', [good], 400, 'REQUEST_INVALID', 'several are'],
])('%s', async (_, record, status, code, says) => {
  const answer = await predict(record)
  expect([answer.status, answer.json['code']]).toEqual([status, code])
  expect(JSON.stringify(answer.json)).toContain(says)
  expect(answer.json['fix']).toEqual(expect.any(String))
})

test('not JSON, no such route, no such endpoint, another workspace', async () => {
  expect(await post('/v1/endpoints/flight-delay/predict', '{')).toMatchObject({
    status: 400,
    json: { code: 'REQUEST_INVALID', what: 'the body is not JSON' },
  })
  expect(await post('/v1/endpoints/flight-delay/predict', '')).toMatchObject({
    status: 400,
    json: { code: 'REQUEST_INVALID', what: 'the body is empty' },
  })
  expect(await post('/v1/nothing', '{}')).toMatchObject({ status: 404, json: { code: 'ROUTE_UNKNOWN' } })
  expect(await post('/v1/datasets', '{}')).toMatchObject({
    status: 405,
    json: { code: 'METHOD_REFUSED', why: 'it takes GET' },
  })
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
  const host = new URL(url).host.replace('127.0.0.1', 'LOCALHOST')
  expect((await post(path, JSON.stringify(good), { host })).status).toBe(200)
})

test('a value nested 200,000 deep is told as what it is not, and bytes that are no text are refused', async () => {
  const path = '/v1/endpoints/flight-delay/predict'
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
  const text = JSON.stringify(good).replace('"ORD"', deep)
  expect(await post(path, text)).toMatchObject({
    status: 422,
    json: { code: 'RECORD_INVALID', why: 'it is a list of 1' },
  })
  const latin1 = Buffer.from(JSON.stringify({ ...good, origin: 'Zürich' }), 'latin1')
  expect(await post(path, latin1)).toMatchObject({ status: 400, json: { code: 'REQUEST_INVALID' } })
  const answer = await g.app().request(path, { method: 'POST', body: latin1 })
  expect(await answer.json()).toMatchObject({ code: 'REQUEST_INVALID', why: 'its bytes are not a valid sequence' })
  expect(answer.status).toBe(400)
})

test('a run of a number that none can have is unknown', async () => {
  for (const run of ['9999999999', '99999999999999999999', '0']) {
    const answer = await g.app().request(`/v1/runs/${run}`)
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([404, 'RUN_UNKNOWN'])
  }
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

test('however a route is written, its bounds hold', async () => {
  const path = '/v1/endpoints/flight-delay/predict'
  const many = (n: number) => JSON.stringify({ records: Array.from({ length: n }, () => good) })
  for (const way of [path, `${path}?x=1`, '/v1/endpoints/flight%2Ddelay/predict']) {
    expect((await post(way, many(10_000))).status).toBe(200)
    const refused = await post(way, many(10_001))
    expect([refused.status, refused.json['why']]).toEqual([400, 'at most 10,000 records go in one request'])
    for (const body of ['{"records":[]}', `{"records":[${JSON.stringify(good)}],"x":1}`, '[]', '{"records":[1]}'])
      expect([body, (await post(way, body)).status]).toEqual([body, 400])
    const latin = await post(way, Buffer.from('{"date":"\xe9"}', 'latin1'))
    expect([latin.status, latin.json['what']]).toEqual([400, 'the body is not text in UTF-8'])
    expect((await post(way, JSON.stringify(good), { 'content-type': '' })).status).toBe(200)
    const large = await post(way, Buffer.alloc(5 << 20, 32))
    expect([large.status, large.json['code']]).toEqual([413, 'BODY_TOO_LARGE'])
  }
}, 60_000)

test('a body without end is refused before it fills the memory', async () => {
  const before = process.memoryUsage().rss
  const chunk = Buffer.alloc(1 << 20, 32)
  let [sent, status, peak] = [0, 0, 0]
  await new Promise<void>((resolve) => {
    const call = request(`${url}/v1/endpoints/flight-delay/predict?x`, { method: 'POST' }, (response) => {
      status = response.statusCode ?? 0
      response.resume()
    })
    call.on('error', () => resolve())
    call.on('close', () => resolve())
    const more = () => {
      peak = Math.max(peak, process.memoryUsage().rss)
      if (call.destroyed || sent++ >= 400) call.destroy()
      else call.write(chunk, () => setImmediate(more))
    }
    more()
  })
  expect([0, 413]).toContain(status)
  expect(sent).toBeLessThan(400)
  expect(peak - before).toBeLessThan(300 * 2 ** 20)
  expect((await predict(good)).status).toBe(200)
}, 60_000)

test('cursors and numbers that no list gave', async () => {
  const get = async (path: string) => {
    const response = await fetch(`${url}${path}`)
    return [response.status, ((await response.json()) as { code?: string }).code]
  }
  const cursor = (key: unknown) => Buffer.from(JSON.stringify(key)).toString('base64url')
  for (const key of [1e300, 1.5, -1e300, 'a', null, {}])
    for (const list of ['/v1/runs', '/v1/endpoints/flight-delay/drift'])
      expect([list, key, ...(await get(`${list}?cursor=${cursor(key)}`))]).toEqual([list, key, 400, 'REQUEST_INVALID'])
  expect(await get(`/v1/runs?cursor=${cursor(2 ** 33)}`)).toEqual([400, 'REQUEST_INVALID'])
  expect(await get('/v1/datasets/x?version=99999999999')).toEqual([400, 'REQUEST_INVALID'])
  for (const path of ['/v1/endpoints/%00', '/v1/runs/%00', '/v1/runs/99999999999'])
    expect([path, (await get(path))[0]]).toEqual([path, path.endsWith('%00') ? 400 : 404])
})

test('an answer is explained: what each feature adds sums to its score, and nothing is logged', async () => {
  const drift = async () => (await fetch(`${url}/v1/endpoints/flight-delay/drift`)).json()
  const explain = (body: unknown) => post('/v1/endpoints/flight-delay/explain', JSON.stringify(body))
  const before = await drift()
  const { json: told } = await explain({ records: [good, good] })
  const { json: said } = await explain(good)
  expect(await drift()).toEqual(before)
  expect(told['scale']).toBe('log odds')
  const [one, two, ...more] = told['explanations'] as Explained[]
  expect([more, said['explanations']]).toEqual([[], [two]])
  const { score, base, contributions, features } = one as Explained
  const sum = Object.values(contributions ?? {}).reduce((a, b) => a + b, base ?? Number.NaN)
  expect(1 / (1 + Math.exp(-sum))).toBeCloseTo(score, 9)
  expect(Object.keys(features)).toEqual(Object.keys(contributions ?? {}))
  expect(features['distance']).toBe(good.distance)
  const many = await explain({ records: Array(101).fill(good) })
  expect([many.status, JSON.stringify(many.json)]).toEqual([400, expect.stringContaining('at most 100 records')])
})

test('a model is sent as ONNX and as TypeScript, and what can not be asked for is told', async () => {
  const get = async (query: string) => {
    const response = await fetch(`${url}/v1/models/late-arrival/export?${query}`)
    return { status: response.status, body: Buffer.from(await response.arrayBuffer()) }
  }
  const [onnx, text] = [await get('format=onnx'), await get('format=typescript&version=1')]
  expect([onnx.status, text.status]).toEqual([200, 200])
  // the version of the format, and who wrote it
  expect(onnx.body.subarray(0, 10).toString('latin1')).toBe('\x08\x0a\x12\x06galley')
  expect(text.body.toString()).toContain('export function predict(features: Features): number')
  expect([(await get('format=pickle')).status, (await get('format=onnx&version=9')).status]).toEqual([400, 404])
})

test('what was fed is there after a restart, and repeated events count once', async () => {
  const event = { date: '2001-06-04 08:00:00', delay: 60, origin: 'ORD', destination: 'LGA', distance: 733 }
  const feed = () => post('/v1/endpoints/flight-delay/feed', JSON.stringify(event))
  expect((await feed()).json).toEqual({ taken: 1, ignored: 0, refused: [] })
  expect((await feed()).json).toEqual({ taken: 0, ignored: 1, refused: [] })
  const hub = g.hub(await g.scope())
  const asked = { ...good, date: '2001-06-04 12:00:00' }
  const before = (await hub.get('flight-delay')).compute(asked)
  expect(before['flightsOut']).toBe(1n)
  await hub.close()
  const { openEndpoint } = await import('../../src/ml/serving/endpoint.ts')
  const again = await openEndpoint(
    { store: g.store, duckdb: g.duckdb, scope: await g.scope(), clock: g.clock, log: g.log },
    'flight-delay',
  )
  expect(again.compute(asked)).toEqual(before)
  await again.close()
})
