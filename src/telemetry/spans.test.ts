import { expect, test } from 'vitest'
import type { Run } from '../store/runs.ts'
import type { Step } from '../store/steps.ts'
import { requestOf, spansOf } from './spans.ts'

const RUN = { id: 'a'.repeat(32), number: 7, recipe: 'sales', recipeHash: 'h', partition: null, status: 'done', started: 1_700_000_000_000, ended: 1_700_000_003_500, error: null } as Run // biome-ignore format: one line
const STEP = { id: 'clean', kind: 'table', status: 'done', started: 1_700_000_001_000, ended: 1_700_000_002_000, cached: false, engine: 'duckdb', error: null, ledger: null, output: { rows: 12, bytes: 340 } } as unknown as Step // biome-ignore format: one line

const attributes = (span: ReturnType<typeof spansOf>[number] | undefined): Record<string, unknown> =>
  Object.fromEntries(span?.attributes.map((a) => [a.key, Object.values(a.value)[0]]) ?? [])

test('a run is a trace under its own id, its steps spans below one of the whole', () => {
  const [root, step] = spansOf(RUN, [STEP], 'default')
  expect(root).toMatchObject({
    traceId: RUN.id,
    name: 'run sales',
    startTimeUnixNano: '1700000000000000000',
    endTimeUnixNano: '1700000003500000000',
    status: { code: 1 },
  })
  expect(root).not.toHaveProperty('parentSpanId')
  expect(step).toMatchObject({ traceId: RUN.id, parentSpanId: root?.spanId, name: 'table clean', status: { code: 1 } })
  expect(attributes(step)).toMatchObject({
    'galley.workspace': 'default',
    'galley.run': '7',
    'galley.step.engine': 'duckdb',
    'galley.step.cached': false,
    'galley.output.rows': '12',
  })
  for (const { spanId } of [root, step] as { spanId: string }[]) expect(spanId).toMatch(/^(?!0{16})[0-9a-f]{16}$/)
  // told again it is the same
  expect(spansOf(RUN, [STEP], 'default')).toEqual([root, step])
})

test('only what has ended is told: no step that waits, is under way or was skipped, no whole before its end', () => {
  const others = (['pending', 'running', 'waiting', 'skipped'] as const).map((status, i) => ({
    ...STEP,
    id: `s${i}`,
    status,
    ended: status === 'skipped' ? 1 : null,
  }))
  const spans = spansOf({ ...RUN, status: 'running', ended: null }, [...others, STEP], 'default')
  expect(spans.map((s) => s.name)).toEqual(['table clean'])
})

test('what failed says why; what was cancelled is no error; a clock that was set back makes no span of negative length', () => {
  const error = { code: 'SOURCE_BROKEN', what: 'sales.csv can not be read', why: 'line 2' }
  const failed = { ...STEP, status: 'failed', error, started: 2000, ended: 1000 } as Step
  const [root, step] = spansOf({ ...RUN, status: 'cancelled', error: { code: 'CANCELLED', what: 'by hand' } }, [failed], 'w') // biome-ignore format: one line
  expect(root?.status).toEqual({ code: 0 })
  expect(step?.status).toEqual({ code: 2, message: 'sales.csv can not be read: line 2' })
  expect(attributes(step)['error.type']).toBe('SOURCE_BROKEN')
  expect([step?.startTimeUnixNano, step?.endTimeUnixNano]).toEqual(['2000000000', '2000000000'])
})

test('what moved is summed over the stages of the ledger', () => {
  const ledger = { clean: { bytesIn: 10, rows: 1 }, join: { bytesIn: 5 } }
  const [, step] = spansOf(RUN, [{ ...STEP, ledger }], 'w')
  expect(attributes(step)).toMatchObject({ 'galley.ledger.bytesIn': '15', 'galley.ledger.rows': '1' })
})

test('an export is of one resource, with the service that it is of', () => {
  const spans = spansOf(RUN, [STEP], 'w')
  expect(requestOf(spans, 'kitchen', '1.2.3').resourceSpans).toMatchObject([
    {
      resource: {
        attributes: [{ key: 'service.name', value: { stringValue: 'kitchen' } }, { key: 'service.version' }],
      },
      scopeSpans: [{ scope: { name: 'galley', version: '1.2.3' }, spans }],
    },
  ])
})
