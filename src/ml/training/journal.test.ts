import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { openJournals } from './journal.ts'

let folder = ''
beforeEach(() => void (folder = join(mkdtempSync(join(tmpdir(), 'galley-journal-')), 'own')))
let now = 0
const journals = () => openJournals(folder, { ticks: () => now })

test('gives what was kept, in its order; parts have journals of their own; nothing is there before the first entry', async () => {
  const first = await journals().of('a')
  expect([first.entries(), existsSync(folder)]).toEqual([[], false])
  await first.add({ n: 1, word: '가\u2028나\n' })
  await first.add([2])
  await (await first.part('b')).add('of b')
  const again = await journals().of('a')
  expect(again.entries()).toEqual([{ n: 1, word: '가\u2028나\n' }, [2]])
  expect((await again.part('b')).entries()).toEqual(['of b'])
  await journals().remove()
  expect(existsSync(folder)).toBe(false)
})

test('entries that nobody waits for stay in their order', async () => {
  const journal = await journals().of('a')
  const added = Array.from({ length: 60 }, (_, n) => journal.add({ n, some: 'x'.repeat((n % 7) * 4000) }))
  await Promise.all(added)
  expect((await journals().of('a')).entries().map((entry) => (entry as { n: number }).n)).toEqual(added.map((_, n) => n)) // biome-ignore format: one line
})

test('what stands for all before takes its place: a network’s weights, every five seconds for hours, fill no disk', async () => {
  const journal = await journals().of('a')
  for (let n = 1; n <= 100; n++) await journal.replace({ n, weights: 'w'.repeat(1000) })
  await journal.add('model')
  expect(readdirSync(folder).map((name) => statSync(join(folder, name)).size < 2000)).toEqual([true])
  expect((await journals().of('a')).entries()).toEqual([{ n: 100, weights: 'w'.repeat(1000) }, 'model'])
})

test('is due once five seconds have passed since the last entry', async () => {
  const journal = await journals().of('a')
  expect(journal.due()).toBe(false)
  now += 5000
  expect(journal.due()).toBe(true)
  await journal.add(1)
  expect(journal.due()).toBe(false)
})

test('an entry that was cut off, or is damaged, ends what is read; what comes after it is written in its place', async () => {
  const journal = await journals().of('a')
  for (const n of [1, 2, 3]) await journal.add({ n })
  const path = join(folder, readdirSync(folder)[0] as string)
  const whole = readFileSync(path, 'utf8')
  writeFileSync(path, whole.slice(0, -4))
  const cut = await journals().of('a')
  expect(cut.entries()).toEqual([{ n: 1 }, { n: 2 }])
  await cut.add({ n: 4 })
  expect((await journals().of('a')).entries()).toEqual([{ n: 1 }, { n: 2 }, { n: 4 }])
  writeFileSync(path, whole.replace('"n":2', '"n":7'))
  expect((await journals().of('a')).entries()).toEqual([{ n: 1 }])
  appendFileSync(path, 'x'.repeat(100))
  expect((await journals().of('a')).entries()).toEqual([{ n: 1 }])
})

test('a place that can not be written to keeps nobody from training', async () => {
  writeFileSync(folder, 'a file')
  const journal = await journals().of('a')
  await journal.add(1)
  expect((await journals().of('a')).entries()).toEqual([])
  // nor fails one that is done
  await openJournals(join(folder, 'below'), { ticks: () => 0 }).remove()
})
