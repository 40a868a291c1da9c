import type { Analysis, Words } from '../analysis.ts'
import { lines } from '../charts.ts'
import { unfit } from '../given.ts'
import { CONFIDENCE, fig, finite, leftOutText, pText, shown } from '../say.ts'
import { notTooLong, seriesOf, TIME, varies } from './ordered.ts'
import { dickeyFuller, kpss, type Trend } from './unit-root.ts'

/** Two tests that start from opposite ends: one takes a unit root for granted, the other that there is none. */
export const stationarity: Analysis = {
  name: 'stationarity',
  about: {
    en: 'whether a series keeps about one level (ADF and KPSS)',
    ko: '시계열이 일정한 수준을 유지하는지(ADF, KPSS)',
  },
  columns: { value: { kind: 'number', about: 'the series' }, time: TIME },
  settings: {
    confidence: CONFIDENCE,
    trend: {
      kind: 'choice',
      choices: ['constant', 'line'],
      default: 'constant',
      about: 'about a level, or about a straight line',
    },
  },
  run(given) {
    const confidence = given.number('confidence') as number
    const series = seriesOf(given, 20)
    varies(series, given)
    notTooLong(series, given)
    const trend: Trend = given.choice('trend') === 'line' ? 'ct' : 'c'
    const adf = dickeyFuller(series.x, trend)
    const level = kpss(series.x, trend)
    const value = given.column('value')
    if (!adf || !level)
      throw unfit(
        `nothing of '${value}' is left once its ${trend === 'ct' ? 'line' : 'level'} and its past are taken out`,
        'the series follows a rule exactly: there is no chance in it to test',
        'look at it with --test changes, or name another column',
      )
    const [against, moving] = [shown(adf.p, confidence), shown(level.p, confidence)]
    const verdict =
      against && !moving ? 'stationary' : !against && moving ? 'unit root' : against ? 'both refused' : 'undecided'
    const data = {
      test: 'stationarity',
      trend: given.choice('trend'),
      confidence,
      verdict,
      adf: { statistic: finite(adf.statistic), p: adf.p, lags: adf.lags, n: adf.n, critical: adf.critical },
      kpss: { statistic: finite(level.statistic), p: level.p, lags: level.lags, pIsBound: level.bounded },
      n: series.x.length,
      leftOut: series.leftOut,
    }
    const figures = `ADF ${fig(adf.statistic)}, ${pText(adf.p)}; KPSS ${fig(level.statistic)}, p ${level.bounded ? (level.p === 0.1 ? '≥' : '≤') : '='} ${fig(level.p)}`
    const about = trend === 'ct' ? { en: 'a line', ko: '직선' } : { en: 'one level', ko: '일정한 수준' }
    const words: Record<typeof verdict, Words> = {
      stationary: {
        en: `'${value}' keeps about ${about.en}: a unit root is refused and stationarity is not (${figures}); this does not show that it will stay so, nor that it has no season.`,
        ko: `'${value}' 값은 ${about.ko}을 유지합니다. 단위근은 기각되고 정상성은 기각되지 않습니다(${figures}). 앞으로도 그렇다거나 계절성이 없다는 뜻은 아닙니다.`,
      },
      'unit root': {
        en: `'${value}' wanders: stationarity about ${about.en} is refused and a unit root is not (${figures}); this does not show why, and a break in the level looks the same.`,
        ko: `'${value}' 값은 떠돕니다. ${about.ko}에 대한 정상성은 기각되고 단위근은 기각되지 않습니다(${figures}). 까닭은 보여 주지 않으며, 수준이 한 번 바뀐 경우도 똑같이 보입니다.`,
      },
      'both refused': {
        en: `'${value}' neither wanders nor keeps about ${about.en}: both tests refuse (${figures}); this does not show what it does instead: look for a trend, a break or a changing spread.`,
        ko: `'${value}' 값은 떠돌지도, ${about.ko}을 유지하지도 않습니다. 두 검정 모두 기각합니다(${figures}). 대신 무엇이 있는지는 보여 주지 않으므로 추세, 단절, 변하는 퍼짐을 살펴보십시오.`,
      },
      undecided: {
        en: `Whether '${value}' keeps about ${about.en} can't be told: neither test refuses (${figures}); this does not show that it does: the series may be too short.`,
        ko: `'${value}' 값이 ${about.ko}을 유지하는지 알 수 없습니다. 두 검정 모두 기각하지 못합니다(${figures}). 유지한다는 뜻은 아니며, 시계열이 너무 짧을 수 있습니다.`,
      },
    }
    const points = Array.from(series.x, (y, i) => ({ x: series.at[i] ?? i, y }))
    return {
      data,
      chart: lines([{ name: String(value), points }]),
      sentence: (l) => words[verdict][l] + leftOutText[l](series.leftOut),
    }
  },
}
