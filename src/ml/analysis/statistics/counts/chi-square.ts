import type { Analysis, Words } from '../analysis.ts'
import { shares } from '../charts.ts'
import { chiSquare as distribution } from '../distributions/continuous.ts'
import { noncentralChiSquare, noncentralInterval } from '../distributions/noncentral.ts'
import { CONFIDENCE, fig, finite, interval, leftOutText, pText, shown } from '../say.ts'
import { margins, type Table, tableOf } from './table.ts'

export interface Independence {
  readonly statistic: number
  readonly df: number
  readonly p: number
  readonly expected: readonly (readonly number[])[]
  /** Cramér's V, 0 to 1. */
  readonly v: number
}

/** Pearson's χ² (1900) of counts that are taken to be independent; `yates` takes ½ off each difference of a 2 × 2 table. */
export function independence(table: Table, yates: boolean): Independence {
  const { rows, columns } = margins(table)
  const expected = rows.map((r) => columns.map((c) => (r / table.n) * c))
  const each = (corrected: boolean) => {
    let sum = 0
    for (const [i, line] of expected.entries())
      for (const [j, e] of line.entries()) {
        const away = Math.abs((table.counts[i]?.[j] ?? 0) - e)
        sum += (corrected ? away - Math.min(0.5, away) : away) ** 2 / e
      }
    return sum
  }
  const df = (rows.length - 1) * (columns.length - 1)
  const statistic = each(yates && df === 1)
  const least = Math.min(rows.length, columns.length) - 1
  return {
    statistic,
    df,
    p: distribution(statistic, df).upper,
    expected,
    v: Math.min(1, Math.sqrt(each(false) / table.n / least)),
  }
}

export const chiSquare: Analysis = {
  name: 'chi-square',
  about: { en: 'whether two columns of categories go together (χ²)', ko: '두 범주 열이 관련 있는지(카이제곱)' },
  columns: {
    value: { kind: 'category', about: 'what is counted' },
    by: { kind: 'category', about: 'what splits the rows' },
  },
  settings: {
    confidence: CONFIDENCE,
    correction: {
      kind: 'choice',
      choices: ['none', 'yates'],
      default: 'none',
      about: "Yates's correction of a 2 × 2 table",
    },
  },
  run(given) {
    const confidence = given.number('confidence') as number
    const table = tableOf(given)
    const { statistic, df, p, expected, v } = independence(table, given.choice('correction') === 'yates')
    const least = Math.min(table.rows.length, table.columns.length) - 1
    const plain = v * v * table.n * least
    const [low, high] =
      plain > 1400
        ? [Number.NaN, Number.NaN]
        : noncentralInterval((l) => noncentralChiSquare(plain, df, l), confidence, plain, 0)
    const vOf = (lambda: number) => Math.min(1, Math.sqrt(lambda / table.n / least))
    const few = expected.flat().filter((e) => e < 5).length / expected.flat().length
    // where the interval of V does not hold V itself (its λ is biased upwards), V is its end
    const effect = { name: "Cramér's V", ...interval(v, Math.min(v, vOf(low)), Math.max(v, vOf(high))) }
    const { rows, columns } = margins(table)
    const residuals = expected.map((line, i) =>
      line.map((e, j) =>
        finite(
          ((table.counts[i]?.[j] ?? 0) - e) /
            Math.sqrt(e * (1 - (rows[i] ?? 0) / table.n) * (1 - (columns[j] ?? 0) / table.n)),
        ),
      ),
    )
    const data = {
      test: 'chi-square',
      statistic: finite(statistic),
      df,
      p,
      confidence,
      effect,
      rows: table.rows,
      columns: table.columns,
      counts: table.counts,
      expected,
      /** Adjusted: beyond ±2 a cell is unusual. */
      residuals,
      shareExpectedBelow5: few,
      leftOut: table.leftOut,
    }
    const [value, by] = [given.column('value'), given.column('by')]
    const weak = {
      en: few > 0.2 ? ` Many expected counts are below 5, so p is rough.` : '',
      ko: few > 0.2 ? ' 기대 도수가 5 미만인 칸이 많아 p 값은 어림입니다.' : '',
    }
    const said: Words = shown(p, confidence)
      ? {
          en: `Shares of '${value}' differ between values of '${by}' (χ² = ${fig(statistic)}, ${df} df, ${pText(p)}, V = ${fig(v)}); this does not show which one moves the other, nor that the difference is large.`,
          ko: `'${by}' 값에 따라 '${value}' 비율이 다릅니다(χ² = ${fig(statistic)}, 자유도 ${df}, ${pText(p)}, V = ${fig(v)}). 어느 쪽이 원인인지, 차이가 큰지는 보여 주지 않습니다.`,
        }
      : {
          en: `It could not be shown that shares of '${value}' differ between values of '${by}' (χ² = ${fig(statistic)}, ${df} df, ${pText(p)}, V = ${fig(v)}); this does not show that they are independent.`,
          ko: `'${by}' 값에 따라 '${value}' 비율이 다르다고 할 수 없습니다(χ² = ${fig(statistic)}, 자유도 ${df}, ${pText(p)}, V = ${fig(v)}). 두 열이 독립이라는 뜻은 아닙니다.`,
        }
    const chart = shares(table.rows, table.columns, table.counts)
    return { data, chart, sentence: (l) => said[l] + weak[l] + leftOutText[l](table.leftOut) }
  },
}
