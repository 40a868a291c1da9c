import type { Analysis, Words } from '../analysis.ts'
import { shares } from '../charts.ts'
import { chiSquare } from '../distributions/continuous.ts'
import { binomial, shareInterval } from '../distributions/discrete.ts'
import { unfit } from '../given.ts'
import { ordered, told } from '../rows.ts'
import { CONFIDENCE, fig, finite, interval, leftOutText, percentText, pText, shown } from '../say.ts'

/** Two yes-or-no columns of the same rows: whether changes one way outnumber those the other way (McNemar 1947). */
export const mcnemar: Analysis = {
  name: 'mcnemar',
  about: {
    en: 'a yes-or-no of the same rows before and after (McNemar)',
    ko: '같은 행의 두 시점 예·아니오 비교(맥니마)',
  },
  columns: {
    value: { kind: 'category', about: 'the first of two values of each row' },
    pair: { kind: 'category', about: 'the second one, of the same two values' },
  },
  settings: {
    confidence: CONFIDENCE,
    method: {
      kind: 'choice',
      choices: ['exact', 'chi-square'],
      default: 'exact',
      about: "p by the binomial distribution, or χ² with Edwards's (1948) correction",
    },
  },
  run(given) {
    const confidence = given.number('confidence') as number
    const [value, pair] = [given.column('value'), given.column('pair')]
    const [x, y] = [given.labels(value ?? ''), given.labels(pair ?? '')]
    const both = x.flatMap((a, i) => {
      const b = y[i]
      return a === null || b === null || b === undefined ? [] : [[a, b] as const]
    })
    const names = ordered(new Set(both.flat()))
    if (names.length !== 2)
      throw unfit(
        `'${value}' and '${pair}' have ${names.length === 0 ? 'no value' : names.length === 1 ? 'one value' : `${names.length} values`} between them${names.length > 2 ? `: ${told(names)}` : ''}`,
        'a row may change between two values',
        'name two columns of the same two values, for instance bools',
      )
    const [no, yes] = names as [string, string]
    const count = (a: string, b: string) => both.filter(([p, q]) => p === a && q === b).length
    const counts = [
      [count(no, no), count(no, yes)],
      [count(yes, no), count(yes, yes)],
    ]
    const [gained, lost] = [count(no, yes), count(yes, no)]
    const changed = gained + lost
    if (changed === 0)
      throw unfit(
        `'${value}' and '${pair}' are the same in every row`,
        'only rows that change tell which way they change',
        'bring rows that change, or name other columns',
      )
    const exact = given.choice('method') === 'exact'
    const statistic = exact ? Math.min(gained, lost) : Math.max(0, Math.abs(gained - lost) - 1) ** 2 / changed
    const p = exact ? Math.min(1, 2 * binomial(statistic, changed, 0.5).lower) : chiSquare(statistic, 1).upper
    const [low, high] = shareInterval(gained, changed, confidence)
    const oddsOf = (share: number) => share / (1 - share)
    const n = both.length
    const data = {
      test: 'mcnemar',
      method: exact ? 'exact' : "χ², Edwards's correction",
      statistic,
      p,
      confidence,
      effect: {
        name: 'odds of a change to the second value',
        ...interval(oddsOf(gained / changed), oddsOf(low), oddsOf(high)),
      },
      values: names,
      counts,
      gained,
      lost,
      shares: [finite((lost + (counts[1]?.[1] ?? 0)) / n), finite((gained + (counts[1]?.[1] ?? 0)) / n)],
      leftOut: given.rows - n,
    }
    const [before, after] = [percentText(data.shares[0] ?? 0), percentText(data.shares[1] ?? 0)]
    const said: Words = shown(p, confidence)
      ? {
          en: `'${yes}' went from ${before} in '${value}' to ${after} in '${pair}': ${fig(gained)} rows changed to it and ${fig(lost)} from it (${pText(p)}); this does not show what changed them.`,
          ko: `'${yes}' 비율은 '${value}'의 ${before}에서 '${pair}'의 ${after}(으)로 달라졌습니다. ${fig(gained)}개 행이 그쪽으로, ${fig(lost)}개 행이 반대로 바뀌었습니다(${pText(p)}). 무엇이 바꾸었는지는 보여 주지 않습니다.`,
        }
      : {
          en: `It could not be shown that '${yes}' is more or less frequent in '${pair}' (${after}) than in '${value}' (${before}): ${fig(gained)} rows changed to it and ${fig(lost)} from it (${pText(p)}); this does not show that nothing changed.`,
          ko: `'${yes}' 비율이 '${pair}'(${after})에서 '${value}'(${before})와(과) 다르다고 할 수 없습니다. ${fig(gained)}개 행이 그쪽으로, ${fig(lost)}개 행이 반대로 바뀌었습니다(${pText(p)}). 아무것도 바뀌지 않았다는 뜻은 아닙니다.`,
        }
    const chart = shares([`${value}: ${no}`, `${value}: ${yes}`], [`${pair}: ${no}`, `${pair}: ${yes}`], counts)
    return { data, chart, sentence: (l) => said[l] + leftOutText[l](data.leftOut) }
  },
}
