import { expect, test } from 'vitest'
import { analyse, analysisOf } from './index.ts'
import { figuresOf, renderAnalysis } from './page.ts'

const EVIL = `</script><script>alert("1")</script><img src=x onerror='alert(2)'>&`

test('names and values of others are text in the page, and nothing is loaded', async () => {
  const columns = { [EVIL]: [1, 2, 3, 4, 6, 5], by: [EVIL, EVIL, EVIL, 'b', 'b', 'b'] }
  const found = await analyse('welch', columns, { value: EVIL, by: 'by' })
  const page = await renderAnalysis(await analysisOf('welch'), found, { dataset: EVIL, date: '2026-01-02 03:04' }, 'ko')
  expect(page).not.toContain('<img')
  expect(page.match(/<script(?! type="application\/json")/g)).toHaveLength(1)
  expect(page).not.toMatch(/(src|href)="http/)
  expect(page).toContain('<html lang="ko">')
  expect(page).toMatch(/<svg role="img"/)
  expect(page).toContain('this does not show')
  expect(page).toContain('보여 주지는 않습니다.')
})

test('figures are single ones first, then lists of records', () => {
  const data = { p: 0.1, effect: { value: 1, low: null }, df: [1, 2], groups: [{ name: 'a', at: { n: 3 } }, { name: 'b' }], counts: [[1, 2], [3, 4]] } // biome-ignore format: one line
  expect(figuresOf(data)).toEqual([
    { name: '', head: ['', ''], rows: [['p', 0.1], ['effect.value', 1], ['effect.low', null], ['df', '1, 2']] }, // biome-ignore format: one line
    { name: 'groups', head: ['name', 'at.n'], rows: [['a', 3], ['b', null]] }, // biome-ignore format: one line
    { name: 'counts', head: ['1', '2'], rows: [[1, 2], [3, 4]] }, // biome-ignore format: one line
  ])
})

test('what a table counts heads it, and a page says where a long list ends', async () => {
  const asked = { plan: ['free', 'pro', 'pro', 'free'], stays: [true, false, true, true] }
  const { data } = await analyse('chi-square', asked, { value: 'stays', by: 'plan' })
  expect(figuresOf(data).find((f) => f.name === 'counts')).toEqual({
    ...{ name: 'counts', head: ['', 'false', 'true'] },
    rows: [['free', 0, 2], ['pro', 1, 1]], // biome-ignore format: one line
  })
  const { chart, sentence } = await analyse('chi-square', asked, { value: 'stays', by: 'plan' })
  const looks = Array.from({ length: 201 }, (_, p) => ({ p }))
  const facts = { dataset: 'd', date: '2026-01-02 03:04' }
  const page = await renderAnalysis(await analysisOf('sequential'), { data: { looks }, chart, sentence }, facts, 'en')
  expect(page).toContain('The first 200 of 201')
  expect(page).toContain('201개 중 처음 200개')
})
