import { GalleyError } from '../../../../base/errors.ts'
import type { Analysis, Words } from '../analysis.ts'
import { lines } from '../charts.ts'
import { normal, normalQuantile, studentUpper } from '../distributions/continuous.ts'
import { noncentralT } from '../distributions/noncentral.ts'
import { root } from '../distributions/special.ts'
import { ALTERNATIVE, CONFIDENCE, fig, percentText } from '../say.ts'

/** Rows of a group at most: beyond them an effect is too small to look for. */
const MOST = 1e9

/** Power of Student's t of two groups, n and n·ratio, by the noncentral t; beyond 100,000 rows by the normal. */
function ofMeans(d: number, n: number, ratio: number, alpha: number, two: boolean): number {
  const df = n + n * ratio - 2
  const shift = Math.abs(d) * Math.sqrt((n * ratio) / (1 + ratio))
  if (!(df > 0)) return alpha
  if (df > 1e5 || shift > 60) return ofNormal(shift, alpha, two)
  const limit = studentUpper(two ? alpha / 2 : alpha, df)
  return 1 - noncentralT(limit, df, shift) + (two ? noncentralT(-limit, df, shift) : 0)
}

function ofNormal(shift: number, alpha: number, two: boolean): number {
  const limit = -normalQuantile(two ? alpha / 2 : alpha)
  return normal(limit - shift).upper + (two ? normal(-limit - shift).lower : 0)
}

/** Of two shares by the difference of their arcsines (Cohen 1988). */
const cohenH = (p: number, q: number): number => 2 * Math.asin(Math.sqrt(q)) - 2 * Math.asin(Math.sqrt(p))

export const power: Analysis = {
  name: 'power',
  about: {
    en: 'how many rows an A/B test needs, or what it would find',
    ko: 'A/B 검정에 필요한 행 수, 또는 찾아낼 확률',
  },
  columns: {},
  settings: {
    confidence: CONFIDENCE,
    alternative: { ...ALTERNATIVE, about: 'which differences count: either, or one side only' },
    effect: { kind: 'number', about: 'means: the difference that matters, in standard deviations (Cohen’s d)' },
    baseline: { kind: 'number', least: 0, most: 1, about: 'shares: that of the control' },
    target: { kind: 'number', least: 0, most: 1, about: 'shares: the one that would matter' },
    power: {
      kind: 'number',
      default: 0.8,
      least: 0.01,
      most: 0.9999,
      about: 'the chance of finding the effect if it is there',
    },
    n: {
      kind: 'number',
      least: 2,
      most: MOST,
      whole: true,
      about: 'rows of the control; left out, it is what is found',
    },
    ratio: {
      kind: 'number',
      default: 1,
      least: 0.01,
      most: 100,
      about: 'rows of the other variant for each of the control',
    },
  },
  run(given) {
    const [effect, baseline, target] = [given.number('effect'), given.number('baseline'), given.number('target')]
    const shares = baseline !== undefined && target !== undefined
    const size = shares ? cohenH(baseline, target) : effect
    if (size === undefined || size === 0 || (shares && effect !== undefined))
      throw new GalleyError('USAGE_INVALID', {
        what: size === 0 ? 'the effect is 0' : 'power needs one effect',
        why:
          size === 0
            ? 'no number of rows finds what is not there'
            : 'rows and power follow from how large an effect matters',
        fix: 'give effect=0.2 (means, in standard deviations), or baseline=0.10 and target=0.12 (shares)',
      })
    const [confidence, ratio] = [given.number('confidence') as number, given.number('ratio') as number]
    const two = given.choice('alternative') === 'two-sided'
    const alpha = 1 - confidence
    const at = (n: number): number =>
      shares
        ? ofNormal(Math.abs(size) * Math.sqrt((n * ratio) / (1 + ratio)), alpha, two)
        : ofMeans(size, n, ratio, alpha, two)
    const asked = given.number('n')
    const wanted = given.number('power') as number
    if (asked === undefined && at(MOST) < wanted)
      throw new GalleyError('USAGE_INVALID', {
        what: `an effect of ${fig(size)} needs more than ${MOST.toLocaleString('en-US')} rows`,
        why: 'it is too small to be told from chance',
        fix: 'name a larger effect',
      })
    const least = shares ? 1e-6 : 2.5 / (1 + ratio)
    const exact =
      asked ??
      Math.exp(
        root((log) => at(Math.exp(log)) - wanted, Math.log(least), Math.log(1000), {
          min: Math.log(least),
          max: Math.log(MOST),
        }),
      )
    const n = Math.max(2, Math.ceil(exact - 1e-9))
    const other = Math.max(2, Math.ceil(exact * ratio - 1e-9))
    const found = at(asked ?? n)
    const data = {
      test: 'power',
      kind: shares ? 'share' : 'mean',
      method: shares ? 'normal, arcsines' : 'noncentral t',
      asked: asked === undefined ? 'n' : 'power',
      alternative: given.choice('alternative'),
      confidence,
      ratio,
      effect: { name: shares ? "Cohen's h" : "Cohen's d", value: size },
      baseline: baseline ?? null,
      target: target ?? null,
      n,
      nOther: other,
      nExact: exact,
      power: Math.min(1, found),
    }
    const about = shares
      ? {
          en: `a share of ${fig(target)} against ${fig(baseline)}`,
          ko: `${fig(baseline)} 대비 ${fig(target)}의 비율을`,
        }
      : { en: `a difference of ${fig(size)} standard deviations`, ko: `표준편차 ${fig(size)}만큼의 차이를` }
    const rows = `${n.toLocaleString('en-US')} + ${other.toLocaleString('en-US')}`
    const said: Words =
      asked === undefined
        ? {
            en: `To find ${about.en} with a chance of ${percentText(wanted)}, ${rows} rows are needed (confidence ${fig(confidence)}); this does not say that the effect is there, and looking before the end takes the numbers' meaning away.`,
            ko: `${about.ko} ${percentText(wanted)}의 확률로 찾으려면 ${rows}개 행이 필요합니다(신뢰수준 ${fig(confidence)}). 효과가 있다는 뜻은 아니며, 끝나기 전에 들여다보면 이 수치는 성립하지 않습니다.`,
          }
        : {
            en: `With ${rows} rows ${about.en} would be found with a chance of ${percentText(Math.min(1, found))} (confidence ${fig(confidence)}); this does not say that the effect is there.`,
            ko: `${rows}개 행이면 ${about.ko} ${percentText(Math.min(1, found))}의 확률로 찾습니다(신뢰수준 ${fig(confidence)}). 효과가 있다는 뜻은 아닙니다.`,
          }
    const points = Array.from({ length: 60 }, (_, i) => Math.max(2, (2 * n * (i + 1)) / 60)).map((x) => ({
      x,
      y: Math.min(1, at(x)),
    }))
    return { data, chart: lines([{ name: 'power', points }], { rules: [n] }), sentence: (l) => said[l] }
  },
}
