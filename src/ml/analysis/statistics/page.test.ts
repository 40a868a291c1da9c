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
