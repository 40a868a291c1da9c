import type { Analysis, Given, Words } from '../analysis.ts'
import { intervals } from '../charts.ts'
import { tTest } from '../compare/means.ts'
import { type Correction, corrected, correction } from '../corrections.ts'
import { independence } from '../counts/chi-square.ts'
import { shareInterval } from '../distributions/discrete.ts'
import { unfit } from '../given.ts'
import { moments } from '../moments.ts'
import { MOST_GROUPS, ordered } from '../rows.ts'
import { CONFIDENCE, finite, interval, percentText, pText, shown } from '../say.ts'

interface Going {
  readonly column: string
  readonly test: string
  readonly statistic: number | null
  readonly p: number | null
  /** Means with and without the gap, or Cramér's V. */
  readonly effect: number | null
}

/** Whether gaps go with a column: Welch's t of numbers, χ² of texts; null figures where it can't be told. */
function goes(given: Given, column: string, gone: readonly boolean[], confidence: number): Going {
  const nothing = (test: string): Going => ({ column, test, statistic: null, p: null, effect: null })
  if (given.isText(column)) {
    const labels = given.labels(column)
    const columns = ordered(new Set(labels.filter((l) => l !== null)))
    if (columns.length < 2 || columns.length > MOST_GROUPS) return nothing('chi-square')
    const place = new Map(columns.map((c, j) => [c, j]))
    const counts = [columns.map(() => 0), columns.map(() => 0)]
    for (const [i, l] of labels.entries()) {
      const row = counts[gone[i] ? 1 : 0] as number[]
      if (l !== null) row[place.get(l) ?? 0] = (row[place.get(l) ?? 0] ?? 0) + 1
    }
    const n = counts.flat().reduce((a, b) => a + b, 0)
    if (counts.some((row) => row.every((c) => c === 0))) return nothing('chi-square')
    const { statistic, p, v } = independence({ rows: ['present', 'missing'], columns, counts, n, leftOut: 0 }, false)
    return { column, test: 'chi-square', statistic: finite(statistic), p, effect: finite(v) }
  }
  const x = given.raw(column)
  const [a, b] = [true, false].map((g) => x.filter((v, i) => gone[i] === g && !Number.isNaN(v)))
  if (!a || !b || a.length < 2 || b.length < 2) return nothing('welch')
  const [ma, mb] = [moments(a), moments(b)]
  const [va, vb] = [ma.variance / ma.n, mb.variance / mb.n]
  if (va + vb === 0) return nothing('welch')
  const part = va / (va + vb)
  const df = 1 / (part ** 2 / (ma.n - 1) + (1 - part) ** 2 / (mb.n - 1))
  const { statistic, p } = tTest(ma.mean - mb.mean, Math.sqrt(va + vb), df, confidence, 'two-sided')
  return { column, test: 'welch', statistic: finite(statistic), p, effect: finite(ma.mean - mb.mean) }
}

export const missingness: Analysis = {
  name: 'missingness',
  about: {
    en: 'how much of a column is missing, and what goes with its gaps',
    ko: '열의 빈 값이 얼마나 되고 무엇과 함께 비는지',
  },
  columns: {
    value: { kind: 'any', about: 'the column with gaps' },
    x: { kind: 'any', many: true, optional: true, about: 'columns that its gaps may go with' },
  },
  settings: {
    confidence: CONFIDENCE,
    correction: correction('columns'),
  },
  run(given) {
    const confidence = given.number('confidence') as number
    const value = given.column('value') ?? ''
    if (given.rows === 0)
      throw unfit('there are no rows', 'gaps are a share of rows', 'name a dataset or file that has some')
    const gone = given.isText(value)
      ? given.labels(value).map((l) => l === null)
      : Array.from(given.raw(value), Number.isNaN)
    const n = gone.length
    const k = gone.filter(Boolean).length
    const share = interval(k / n, ...shareInterval(k, n, confidence))
    const found = given
      .columns('x')
      .filter((c) => c !== value)
      .map((c) => goes(given, c, gone, confidence))
    const adjusted = corrected(
      found.map((f) => f.p),
      given.choice('correction') as Correction,
    )
    const columns = found.map((f, i) => ({ ...f, adjusted: adjusted[i] ?? null }))
    const data = {
      test: 'missingness',
      confidence,
      correction: given.choice('correction'),
      n,
      missing: k,
      share,
      columns,
    }
    const going = columns.filter((c) => c.adjusted !== null && shown(c.adjusted, confidence))
    const strongest = going.reduce<(typeof columns)[number] | undefined>(
      (a, b) => (a === undefined || (b.p ?? 1) < (a.p ?? 1) ? b : a),
      undefined,
    )
    const known = `${percentText(k / n)} (${k.toLocaleString('en-US')} / ${n.toLocaleString('en-US')})`
    const said: Words =
      k === 0
        ? {
            en: `No value of '${value}' is missing (${n.toLocaleString('en-US')} rows); this does not show that rows themselves are not missing.`,
            ko: `'${value}' 값은 하나도 비어 있지 않습니다(${n.toLocaleString('en-US')}개 행). 행 자체가 빠지지 않았다는 뜻은 아닙니다.`,
          }
        : strongest
          ? {
              en: `${known} of '${value}' is missing, and the gaps go with ${going.length} of ${columns.length} columns, most with '${strongest.column}' (${pText(strongest.adjusted ?? 1)}): leaving such rows out would bend what is computed; this does not show why they are missing.`,
              ko: `'${value}' 값의 ${known}가 비어 있고, 빈 값은 열 ${columns.length}개 중 ${going.length}개와 관련되며 '${strongest.column}' 열과 가장 그렇습니다(${pText(strongest.adjusted ?? 1)}). 그런 행을 빼면 계산이 치우칩니다. 왜 비었는지는 보여 주지 않습니다.`,
            }
          : {
              en: `${known} of '${value}' is missing${columns.length === 0 ? '' : `, and it could not be shown that the gaps go with any of ${columns.length} columns`}; this does not show that they are a matter of chance: the missing values themselves may decide it.`,
              ko: `'${value}' 값의 ${known}가 비어 있습니다.${columns.length === 0 ? '' : ` 빈 값이 열 ${columns.length}개 중 어느 것과 관련된다고 할 수 없습니다.`} 우연히 비었다는 뜻은 아니며, 빠진 값 자체가 까닭일 수 있습니다.`,
            }
    const chart = intervals([{ label: value, ...share }], 0, `∅ ${value}`)
    return { data, chart, sentence: (l) => said[l] }
  },
}
