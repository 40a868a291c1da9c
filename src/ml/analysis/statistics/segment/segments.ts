import type { Analysis, Words } from '../analysis.ts'
import { intervals } from '../charts.ts'
import { tTest } from '../compare/means.ts'
import { type Correction, corrected, correction } from '../corrections.ts'
import { unfit } from '../given.ts'
import { moments, sum } from '../moments.ts'
import { CONFIDENCE, fig, leftOutText, percentText, pText, shown } from '../say.ts'
import { levelsOf, sumsOf } from './levels.ts'

/** Segments that are listed at most. */
const LISTED = 100

/** Each value (or quarter) of each column against all other rows, by Welch's t, with p corrected for how many there are. */
export const segments: Analysis = {
  name: 'segments',
  about: { en: 'which groups of rows stand out by their mean', ko: '평균이 두드러진 행 집단' },
  columns: {
    value: { kind: 'number', about: 'what is looked at: a number, or a yes-or-no' },
    x: { kind: 'any', many: true, about: 'columns whose values make the groups; numbers by quarters' },
  },
  settings: {
    confidence: CONFIDENCE,
    least: { kind: 'number', default: 10, least: 2, whole: true, about: 'rows of a group at least' },
    correction: correction('groups', 'bh'),
  },
  run(given) {
    const confidence = given.number('confidence') as number
    const least = given.number('least') as number
    const value = given.column('value') ?? ''
    const y = given.raw(value)
    const rows = Array.from(y.keys()).filter((i) => !Number.isNaN(y[i]))
    const all = rows.length === 0 ? undefined : moments(Float64Array.from(rows, (i) => y[i] as number))
    if (!all || all.sd === 0)
      throw unfit(
        all ? `'${value}' has one value` : `'${value}' has no value`,
        'groups stand out from what varies',
        'name a column that varies',
      )
    const found = given
      .columns('x')
      .filter((c) => c !== value)
      .flatMap((column) => {
        const levels = levelsOf(given, column, rows)
        const sums = sumsOf(levels, y, rows)
        const of = (places: readonly number[]) => {
          const n = sum(places, (k) => sums.n[k] as number)
          const mean = sum(places, (k) => ((sums.n[k] as number) / n) * (sums.mean[k] as number))
          const squares = sum(
            places,
            (k) => (sums.squares[k] as number) + (sums.n[k] as number) * ((sums.mean[k] as number) - mean) ** 2,
          )
          return { n, mean, variance: squares / (n - 1) }
        }
        return levels.names.flatMap((level, at) => {
          const a = of([at])
          if (a.n < least || all.n - a.n < least) return []
          const b = of(levels.names.flatMap((_, k) => (k === at ? [] : [k])))
          const [va, vb] = [a.variance / a.n, b.variance / b.n]
          // nothing but rounding varies
          if (!(va + vb > 1e-24 * all.variance)) return []
          const part = va / (va + vb)
          const df = 1 / (part ** 2 / (a.n - 1) + (1 - part) ** 2 / (b.n - 1))
          const { p, difference } = tTest(a.mean - b.mean, Math.sqrt(va + vb), df, confidence, 'two-sided')
          // how far the mean of all would move if the group were like the rest
          return [
            {
              column,
              level,
              n: a.n,
              mean: a.mean,
              others: b.mean,
              ...difference,
              pull: (a.n / all.n) * (a.mean - b.mean),
              p,
            },
          ]
        })
      })
    if (found.length === 0)
      throw unfit(
        `no group has ${least} rows or more with ${least} others beside it`,
        'smaller ones tell little',
        'name other columns as x, or lower --set least=…',
      )
    const adjusted = corrected(
      found.map((f) => f.p),
      given.choice('correction') as Correction,
    )
    const list = found
      .map((f, i) => ({ ...f, adjusted: adjusted[i] ?? null }))
      .sort((a, b) => Math.abs(b.pull) - Math.abs(a.pull))
    const clear = list.filter((f) => f.adjusted !== null && shown(f.adjusted, confidence))
    const data = {
      test: 'segments',
      method: 'Welch, each against the rest',
      correction: given.choice('correction'),
      confidence,
      n: all.n,
      mean: all.mean,
      count: list.length,
      clear: clear.length,
      segments: list.slice(0, LISTED),
      leftOut: given.rows - all.n,
    }
    const top = clear[0]
    const said: Words = top
      ? {
          en: `${clear.length} of ${list.length} groups stand out; '${top.column}' = '${top.level}' (${percentText(top.n / all.n)} of the rows) moves the mean of '${value}' most: ${fig(top.mean)} against ${fig(top.others)} elsewhere (corrected ${pText(top.adjusted ?? 1)}); this does not show that '${top.column}' is the cause: groups overlap, and others may lie behind it.`,
          ko: `집단 ${list.length}개 중 ${clear.length}개가 두드러집니다. '${top.column}' = '${top.level}'(행의 ${percentText(top.n / all.n)})이(가) '${value}' 평균을 가장 많이 움직입니다: ${fig(top.mean)}, 나머지 ${fig(top.others)}(보정한 ${pText(top.adjusted ?? 1)}). '${top.column}' 때문이라는 뜻은 아닙니다. 집단은 서로 겹치며 다른 열이 뒤에 있을 수 있습니다.`,
        }
      : {
          en: `None of ${list.length} groups could be shown to stand out by the mean of '${value}'; this does not show that they are alike: small groups hide much.`,
          ko: `집단 ${list.length}개 중 '${value}' 평균이 두드러진다고 할 수 있는 것이 없습니다. 서로 같다는 뜻은 아니며, 작은 집단에서는 많은 것이 드러나지 않습니다.`,
        }
    const chart = intervals(
      list.slice(0, 20).map((f) => ({ ...f, label: `${f.column} = ${f.level}` })),
      0,
      `Δ ${value}`,
    )
    return { data, chart, sentence: (l) => said[l] + leftOutText[l](data.leftOut) }
  },
}
