import { expect, test } from 'vitest'
import { beginThreads, keepThreads, takeThreads } from './threads.ts'

test('threads that are kept are taken again, and those that ended are not', async () => {
  const [one, other] = takeThreads(2)
  if (!one || !other) throw new Error('no threads')
  keepThreads([one, other])
  beginThreads(2)
  const again = takeThreads(2)
  expect(new Set(again)).toEqual(new Set([one, other]))
  keepThreads(again)
  await one.terminate()
  const after = takeThreads(2)
  expect(after).toContain(other)
  expect(after).not.toContain(one)
  await Promise.all(after.map((worker) => worker.terminate()))
})

test('nobody waits for a thread that waits', async () => {
  beginThreads(1)
  const [worker] = takeThreads(1)
  if (!worker) throw new Error('no thread')
  keepThreads([worker])
  const ended = Promise.withResolvers<number>()
  worker.on('exit', ended.resolve)
  expect(await ended.promise).toBe(1)
}, 10_000)
