import type { Analysis, Words } from '../analysis.ts'
import { intervals } from '../charts.ts'
import { unfit } from '../given.ts'
import { moments, sum } from '../moments.ts'
import { namesOf, told } from '../rows.ts'
import { fig, GROUPS, leftOutText } from '../say.ts'
import { levelsOf, sumsOf } from './levels.ts'

/** Values of a column that are listed at most. */
const LISTED = 40

/**
 * What a difference of means is made of, column by column: for each value of a column how much comes of it being more or less frequent
 * (`mix`) and how much of its own mean (`within`); together they are the difference (Kitagawa 1955).
 */
export const explain: Analysis = {
  name: 'explain',
  about: {
    en: 'what a difference between two groups or periods is made of',
    ko: '두 집단이나 기간의 차이가 무엇으로 이루어지는지',
  },
  columns: {
    value: { kind: 'number', about: 'what differs: a number, or a yes-or-no' },
    by: { kind: 'category', about: 'the two groups or periods; the second is held against the first' },
    x: { kind: 'any', many: true, about: 'columns that may explain it; numbers by quarters' },
  },
  settings: { groups: GROUPS },
  run(given) {
    const [value, by] = [given.column('value') ?? '', given.column('by') ?? '']
    const [y, labels] = [given.raw(value), given.labels(by)]
    const whole = labels.flatMap((l, i) => (l === null || Number.isNaN(y[i]) ? [] : [i]))
    const names = namesOf(given, new Set(whole.map((i) => labels[i] as string)))
    if (names.length !== 2)
      throw unfit(
        `'${by}' has ${names.length === 0 ? 'no group' : names.length === 1 ? 'one group' : `${names.length} groups`} with values${names.length > 2 ? `: ${told(names)}` : ''}`,
        'the difference of two is explained',
        'name two, the earlier one first: --set groups=before,after',
      )
    const [first, second] = names as [string, string]
    const rows = whole.filter((i) => names.includes(labels[i] as string))
    const [one, two] = [first, second].map((name) => rows.filter((i) => labels[i] === name)) as [number[], number[]]
    const [m1, m2] = [one, two].map((g) => moments(Float64Array.from(g, (i) => y[i] as number)).mean) as [
      number,
      number,
    ]
    const difference = m2 - m1 + 0
    const middle = (m1 + m2) / 2
    const columns = given
      .columns('x')
      .filter((c) => c !== value && c !== by)
      .map((column) => {
        const levels = levelsOf(given, column, rows)
        const [a, b] = [sumsOf(levels, y, one), sumsOf(levels, y, two)]
        const parts = levels.names.map((level, at) => {
          const [na, nb] = [a.n[at] as number, b.n[at] as number]
          const [wa, wb] = [na / one.length, nb / two.length]
          // what is in one group only has one mean: all that it does is to come or go
          const ya = (na > 0 ? a : b).mean[at] as number
          const yb = (nb > 0 ? b : a).mean[at] as number
          // + 0: no negative zero, which JSON has not
          const mix = (wb - wa) * ((ya + yb) / 2 - middle) + 0
          const within = ((wa + wb) / 2) * (yb - ya) + 0
          return {
            level,
            share: [wa, wb],
            means: [na > 0 ? ya : null, nb > 0 ? yb : null],
            mix,
            within,
            value: mix + within,
          }
        })
        const mix = sum(parts.map((p) => p.mix))
        const sizes = parts.map((p) => Math.abs(p.value))
        const sorted = [...parts].sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
        // 1 where one value is all of it, little where all values move alike
        const concentration = sum(sizes) > 0 ? Math.max(...sizes) / sum(sizes) : 0
        return { column, mix, within: sum(parts.map((p) => p.within)), concentration, parts: sorted.slice(0, LISTED) }
      })
    if (columns.length === 0)
      throw unfit(
        'no other column is named as x',
        'a column does not explain itself',
        'name columns: --x region,product',
      )
    const ranked = [...columns].sort((a, b) => Math.abs(b.mix) - Math.abs(a.mix))
    const data = {
      test: 'explain',
      method: 'Kitagawa: mix and within',
      groups: [
        { name: first, n: one.length, mean: m1 },
        { name: second, n: two.length, mean: m2 },
      ],
      difference,
      columns: ranked.map(({ parts, ...c }) => c),
      parts: ranked.flatMap(({ column, parts }) =>
        parts.map(({ share, means, ...p }) => ({
          column,
          ...p,
          share1: share[0] ?? 0,
          share2: share[1] ?? 0,
          mean1: means[0] ?? null,
          mean2: means[1] ?? null,
        })),
      ),
      leftOut: given.rows - whole.length,
    }
    const top = data.parts.reduce((a, b) => (Math.abs(b.value) > Math.abs(a.value) ? b : a))
    const best = ranked[0] as (typeof ranked)[number]
    const change = `${fig(m1)} → ${fig(m2)}`
    const said: Words = {
      en: `The mean of '${value}' goes ${change} from '${first}' to '${second}'; of the columns '${best.column}' accounts for most by which rows there are (${fig(best.mix)} of ${fig(difference)}), and the largest single part is '${top.column}' = '${top.level}' (${fig(top.value)}); this takes the difference apart and does not show a cause, nor that it is more than chance.`,
      ko: `'${value}' 평균은 '${first}'에서 '${second}'(으)로 ${change}입니다. 행 구성의 변화로 가장 많이 설명하는 열은 '${best.column}'(차이 ${fig(difference)} 중 ${fig(best.mix)})이며, 가장 큰 한 부분은 '${top.column}' = '${top.level}'(${fig(top.value)})입니다. 차이를 나누어 본 것일 뿐 원인을 보여 주지는 않으며, 우연이 아니라는 뜻도 아닙니다.`,
    }
    const bars = [...data.parts].sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, 20)
    const chart = intervals(
      bars.map((p) => ({ label: `${p.column} = ${p.level}`, value: p.value })),
      0,
      `Δ ${value}`,
    )
    return { data, chart, sentence: (l) => said[l] + leftOutText[l](data.leftOut) }
  },
}
