import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Log } from '../base/log.ts'
import { alertsTo, type JobAlert } from './alerts.ts'

const got: { text: string; job: number }[] = []
const answers: number[] = []
const server = createServer((request, response) => {
  let text = ''
  request.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
  })
  request.on('end', () => {
    const status = answers.shift() ?? 200
    if (status === 200) got.push(JSON.parse(text))
    response.writeHead(status).end()
  })
})
let url = ''
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
})
afterAll(() => void server.close())

const warned: string[] = []
const log = { warn: (text: string) => void warned.push(text) } as unknown as Log
const alert = (job: number, more: Partial<JobAlert> = {}): JobAlert => ({
  ...{ kind: 'job failed', workspace: 'default', job, recipe: 'sales', partition: null, schedule: null },
  ...{ status: 'failed' as const, doneBy: null, ended: null },
  ...{
    at: '2026-01-01T00:00:00.000Z',
    error: { code: 'SOURCE_MISSING', what: 'there is no file', why: 'a.csv' },
    ...more,
  },
})

test('each alert is told once, in order, also where the receiver fails first', async () => {
  const alerts = alertsTo(url, log)
  answers.push(500)
  alerts.send(alert(1))
  alerts.send(alert(2, { partition: '2026-01-01', schedule: 'nightly', error: null }))
  await alerts.settled()
  expect(got.map((g) => [g.job, g.text])).toEqual([
    [1, 'sales: job 1 failed (workspace default): there is no file: a.csv'],
    [2, 'sales of 2026-01-01: job 2 failed (workspace default, schedule nightly): it failed'],
  ])
  expect(warned).toEqual([])
  const late = { kind: 'job late', schedule: 'nightly', doneBy: '2026-01-01T08:00:00.000Z' } as const
  alerts.send(alert(4, { ...late, status: 'running', error: null }))
  alerts.send(alert(5, { ...late, status: 'queued', error: null }))
  alerts.send(alert(6, { ...late, status: 'done', error: null, ended: '2026-01-01T09:00:00.000Z' }))
  await alerts.settled()
  const by = 'was not done by 2026-01-01T08:00:00.000Z (workspace default, schedule nightly)'
  expect(got.splice(2).map((g) => g.text)).toEqual([
    `sales: job 4 ${by}: it is still running`,
    `sales: job 5 ${by}: it has not begun`,
    `sales: job 6 ${by}: it was done at 2026-01-01T09:00:00.000Z`,
  ])
})

test('one that is never taken is left to the log; nothing waits longer than five seconds for it', {
  timeout: 30_000,
}, async () => {
  const alerts = alertsTo(url, log)
  answers.push(500, 404, 500)
  alerts.send(alert(3))
  const began = performance.now()
  await alerts.settled()
  expect(performance.now() - began).toBeGreaterThan(900)
  await expect.poll(() => warned, { timeout: 20_000 }).toEqual(['an alert was not taken'])
  expect(got).toHaveLength(2)
})

test('a shift is told with what shifted most, and in which window', async () => {
  got.length = 0
  const alerts = alertsTo(url, log)
  const at = '2026-01-08T00:00:00.000Z'
  alerts.send({ kind: 'drift', workspace: 'default', endpoint: 'late', model: 'm@3', column: 'weight', psi: 1.234, ks: 0.5, from: '2026-01-01T00:00:00.000Z', to: at, rows: 1200, at }) // biome-ignore format: one line
  await alerts.settled()
  expect(got).toMatchObject([{ kind: 'drift', model: 'm@3', text: 'late: what it was asked from 2026-01-01T00:00:00.000Z to 2026-01-08T00:00:00.000Z (1200 requests) is not what m@3 learnt from (workspace default): PSI 1.23, most in weight' }]) // biome-ignore format: one line
})
