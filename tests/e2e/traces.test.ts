import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OtlpRequest, OtlpSpan } from '../../src/telemetry/spans.ts'
import { type Collector, openCollector } from './collector.ts'
import { ended, galley, recipeFile, start } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-traces-'))
const home = join(folder, 'home')
let collector: Collector<OtlpRequest>
let file: string
beforeAll(async () => {
  collector = await openCollector<OtlpRequest>()
  writeFileSync(join(folder, 'sales.csv'), 'city,n\n서울,3\n부산,-1\n')
  file = recipeFile(
    folder,
    'sales',
    `const sales = k.source('sales', csv('sales.csv', { city: 'string', n: 'int64' }))
     k.dataset('twice', k.step('cleaned', sales.filter((r) => r.n.gt(0))).derive((r) => ({ double: r.n.times(2) })))`,
  )
})
afterAll(() => {
  collector.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})
const run = (env: Record<string, string> = {}) =>
  ended(start(home, ['run', file], { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...env }))
const spansIn = (requests: readonly OtlpRequest[]): OtlpSpan[] =>
  requests.flatMap((r) => [...r.resourceSpans[0].scopeSpans[0].spans])
const byName = (a: OtlpSpan, b: OtlpSpan) => (a.name < b.name ? -1 : 1)
const told = async (n: number): Promise<OtlpSpan[]> =>
  spansIn((await galley(home, 'runs', 'trace', `${n}`)).out.trim().split('\n').map((line) => JSON.parse(line))) // biome-ignore format: one line

test('a run is sent as one trace, each span once, and can be told again from the record', async () => {
  const key = 'k-93af01'
  const ran = await run({ OTEL_EXPORTER_OTLP_HEADERS: `x-api-key=${key},x-team=a%20b`, OTEL_SERVICE_NAME: 'kitchen' })
  expect([ran.code, ran.err]).toEqual([0, expect.not.stringContaining(key)])
  expect(new Set(collector.got.map((g) => `${g.path} ${g.headers['x-api-key']}`))).toEqual(
    new Set([`/v1/traces ${key}`]),
  )
  const spans = spansIn(collector.got.map((g) => g.body))
  expect(spans.map((s) => s.name).sort()).toEqual(['dataset twice', 'run sales', 'source sales', 'table cleaned'])
  expect(collector.got[0]?.body.resourceSpans[0].resource.attributes[0]).toEqual({ key: 'service.name', value: { stringValue: 'kitchen' } }) // biome-ignore format: one line
  expect((await told(1)).sort(byName)).toEqual(spans.sort(byName))
  const root = spans.find((s) => s.name === 'run sales')
  for (const s of spans) {
    expect(s.traceId).toBe(root?.traceId)
    if (s === root) continue
    expect(s.parentSpanId).toBe(root?.spanId)
    expect(BigInt(s.startTimeUnixNano) >= BigInt(root?.startTimeUnixNano ?? 0)).toBe(true)
    expect(BigInt(s.endTimeUnixNano) <= BigInt(root?.endTimeUnixNano ?? 0)).toBe(true)
  }
}, 120_000)

test('a program of a step is told its span where traces are told, and nowhere else', async () => {
  const made = recipeFile(
    folder,
    'traced',
    `k.process('traced-step', { command: ['sh', '-c', 'echo "of $TRACEPARENT"'] })
     k.process('traced-own', { command: ['sh', '-c', 'echo "own $TRACEPARENT"'], env: { TRACEPARENT: 'mine' } })`,
  )
  const own = join(folder, 'traced')
  const before = collector.got.length
  expect((await ended(start(own, ['run', made], { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }))).code).toBe(0)
  const step = spansIn(collector.got.slice(before).map((g) => g.body)).find((s) => s.name === 'process traced-step')
  const said = async (id: string) => (await galley(own, 'runs', 'log', '1', id)).out.trim()
  expect(await said('traced-step')).toBe(`of 00-${step?.traceId}-${step?.spanId}-01`)
  expect(await said('traced-own')).toBe('own mine')
}, 120_000)

test('a collector that is down or refuses fails no run; one that is to be asked by gRPC, or not at all, is not asked', async () => {
  const before = collector.got.length
  collector.answer(503)
  const refused = await run()
  expect([refused.code, refused.err]).toEqual([0, expect.stringContaining('it answered 503')])
  collector.answer(200)
  expect((await run({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })).code).toBe(0)
  expect((await run({ OTEL_SDK_DISABLED: 'true' })).code).toBe(0)
  expect((await run({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).code).toBe(0)
  expect(collector.got).toHaveLength(before)
  const cached = (await told(2)).find((s) => s.name === 'dataset twice')
  expect(cached?.attributes).toContainEqual({ key: 'galley.step.cached', value: { boolValue: true } })
}, 120_000)

test('a step that fails is a span that says why; settings that can not be used are told at once, without their values', async () => {
  writeFileSync(join(folder, 'sales.csv'), 'city,n\n서울,three\n')
  expect((await run()).code).toBe(1)
  const spans = (await told(6)).filter((s) => s.status.code === 2)
  expect(spans.map((s) => s.name)).toEqual(['run sales', 'source sales'])
  expect(spans[1]?.status.message).toContain('three')
  expect(spans[1]?.attributes).toContainEqual({ key: 'error.type', value: { stringValue: 'SOURCE_BROKEN' } })
  const wrong = await run({ OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key:k-93af02' })
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('OTEL_EXPORTER_OTLP_HEADERS')])
  expect(wrong.err).not.toContain('k-93af02')
  expect((await run({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'jaeger' })).code).toBe(2)
}, 120_000)
