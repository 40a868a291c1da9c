import { expect, test } from 'vitest'
import { Meeting } from './beside.ts'

test('a step gets what another leaves for it, whichever comes first', async () => {
  const meeting = new Meeting()
  for (const id of ['train', 'report', 'other']) meeting.begin(id)
  const [train, report, other] = [meeting.of('train'), meeting.of('report'), meeting.of('other')]
  const waits = train.waits('report')
  const first = report.from('train')
  expect(await waits).toBe(true)
  train.leave('report', 1)
  train.leave('report', 2)
  expect(await first).toBe(1)
  train.leave('other', 3)
  expect(await other.from('train')).toBe(3)
})

test('nobody waits for a step that has not begun, or for one that ends without leaving anything', async () => {
  const meeting = new Meeting()
  meeting.begin('report')
  expect(await meeting.of('report').from('train')).toBeUndefined()
  expect(await meeting.of('report').waits('train')).toBe(false)
  meeting.begin('train')
  const waiting = meeting.of('report').from('train')
  meeting.end('train')
  expect(await waiting).toBeUndefined()
  // and one that ends was waiting for nothing
  const other = new Meeting()
  for (const id of ['train', 'report']) other.begin(id)
  const asked = other.of('train').waits('report')
  other.end('report')
  expect(await asked).toBe(false)
})
