import { LANGUAGES } from '../../base/i18n.ts'
import { type Html, html, markupOf, trusted } from '../analysis/html.ts'
import { LIMITS } from './limits.ts'

/** What a card says, [English, Korean]; `{name}` is filled in. */
const WORDS = {
  'card.title': ['Model card', '모델 카드'],
  'card.origin': ['recipe {recipe} · run {run} · {date} UTC · {kind} on {dataset}', '레시피 {recipe} · 실행 {run} · {date} UTC · {dataset} 데이터의 {kind}'], // biome-ignore format: one line
  'card.footer': ['All figures are embedded as JSON (element “evaluation”), charts as Vega-Lite specifications (“charts”). Nothing in this file is loaded from elsewhere.', '모든 수치는 “evaluation”, 그래프의 Vega-Lite 명세는 “charts” 요소에 JSON으로 들어 있습니다. 이 파일은 외부에서 아무것도 불러오지 않습니다.'], // biome-ignore format: one line
  'nav.purpose': ['Purpose', '목적'],
  'nav.quality': ['Quality', '성능'],
  'nav.calibration': ['Calibration', '확률 보정'],
  'nav.segments': ['Segments', '세그먼트'],
  'nav.fairness': ['Fairness', '공정성'],
  'nav.costs': ['Costs', '비용'],
  'nav.features': ['Features', '특징'],
  'nav.curve': ['Learning curve', '학습 곡선'],
  'nav.scaling': ['Size of the model', '모델 크기'],
  'nav.leaks': ['Leaks', '누설'],
  'nav.limits': ['Limits', '한계'],
  'tile.rows': ['test rows', '테스트 행'],
  'tile.main': ['{metric} on test', '테스트 {metric}'],
  'tile.rate': ['test rows, {share} positive', '테스트 행, 양성 {share}'],
  'tile.gain': ['{metric}, against {other}', '{other} 대비 {metric} 차이'],
  'tile.calibration': ['calibration error', '보정 오차'],
  'tile.worse': ['worse segments', '나쁜 세그먼트'],
  'tile.suspects': ['suspect features', '누설 의심 특징'],
  'purpose.none': ['The recipe does not say what the model is for.', '레시피에 모델의 목적이 적혀 있지 않습니다.'],
  'purpose.learns': ['It says the probability that {target} is true.', '{target} 값이 참일 확률을 냅니다.'],
  'purpose.classes': ['It says the probabilities of the classes of {target}: {classes}.', '{target} 분류의 확률을 냅니다: {classes}.'], // biome-ignore format: one line
  'purpose.number': ['It says the number {target} ({objective}).', '{target} 값을 예측합니다({objective}).'],
  'purpose.ranking': ['It orders the rows of one {group} by {target}: a higher score comes first. Scores of two of them tell nothing of each other.', '{group} 하나에 속한 행을 {target} 기준으로 순위 매깁니다. 점수가 높을수록 앞에 옵니다. 서로 다른 {group}의 점수는 비교할 수 없습니다.'], // biome-ignore format: one line
  'purpose.threshold': ['Rows with a score from {threshold} on are called positive: the best F1 on validation rows.', '점수가 {threshold} 이상이면 양성으로 판정합니다. 검증 행에서 F1이 가장 좋은 값입니다.'], // biome-ignore format: one line
  'purpose.threshold.recipe': ['Rows with a score from {threshold} on are called positive, as the recipe says.', '점수가 {threshold} 이상이면 양성으로 판정합니다. 레시피에서 정한 값입니다.'], // biome-ignore format: one line
  'purpose.threshold.costs': ['Rows with a score from {threshold} on are called positive: the cheapest on validation rows, by the costs that the recipe says.', '점수가 {threshold} 이상이면 양성으로 판정합니다. 레시피에서 정한 비용으로 검증 행에서 가장 저렴한 값입니다.'], // biome-ignore format: one line
  'purpose.threshold.file': ['Rows with a score from {threshold} on are called positive, as the model’s file notes.', '점수가 {threshold} 이상이면 양성으로 판정합니다. 모델 파일에 적힌 값입니다.'], // biome-ignore format: one line
  'purpose.features': ['It learns from {n} features: {names}.', '특징 {n}개로 학습합니다: {names}.'],
  'purpose.data': ['Data and split', '데이터와 분할'],
  'split.part': ['part', '부분'],
  'split.rows': ['rows', '행'],
  'split.which': ['which rows', '조건'],
  'split.drawn': ['{share} of the values of {by}, by their hash', '{by} 값의 {share}(해시 기준)'],
  'part.train': ['train: learnt from', '학습(train)'],
  'part.validate': ['validate: chosen by', '검증(validate)'],
  'part.test': ['test: reported only', '테스트(test): 보고만'],
  'quality.note': ['Intervals hold the value of the population with {confidence} % confidence, if the rows are a fair sample of it: BCa or percentile bootstrap of {resamples} resamples, AUC by DeLong, shares at a threshold exact.', '행이 모집단을 고르게 대표할 때 {confidence}% 신뢰구간입니다. 부트스트랩 {resamples}회(BCa 또는 백분위수), AUC는 DeLong 방식, 기준점에서 세는 비율은 정확 구간입니다.'], // biome-ignore format: one line
  'quality.orders': ['Means over the {judged} of {groups} test groups that have a relevant row (a label above 0); gains are 2^label − 1, and rows of one score share their places. Intervals are of {confidence} % confidence, BCa bootstrap of {resamples} resamples that draw whole groups.', '관련 있는 행(라벨이 0보다 큼)이 있는 테스트 그룹 {judged}개(전체 {groups}개)의 평균입니다. 이득은 2^라벨 − 1이고 점수가 같은 행은 자리를 나눠 가집니다. {confidence}% 신뢰구간은 그룹을 통째로 뽑는 BCa 부트스트랩 {resamples}회로 구했습니다.'], // biome-ignore format: one line
  'quality.metric': ['metric', '지표'],
  'quality.validate': ['validate', '검증'],
  'quality.test': ['test', '테스트'],
  'quality.interval': ['interval', '구간'],
  'against.title': ['Against {other}, on the same test rows', '같은 테스트 행에서 {other} 대비'],
  'against.model': ['this model', '이 모델'],
  'against.difference': ['difference', '차이'],
  'against.decisions': ['{first} rows are decided rightly by this model alone, {second} by {other} alone (McNemar, p {p}).', '이 모델만 맞힌 행 {first}개, {other}만 맞힌 행 {second}개(맥니마 검정, p {p}).'], // biome-ignore format: one line
  'calibration.note': ['Of rows with a score near x, the share that is positive; on the dashed line scores mean what they say.', '점수가 x 부근인 행 가운데 실제 양성의 비율입니다. 점선 위에 있으면 점수가 말 그대로의 확률입니다.'], // biome-ignore format: one line
  'calibration.as': ['as it is', '그대로'],
  'calibration.platt': ['Platt’s scaling', '플랫(Platt) 보정'],
  'calibration.isotonic': ['isotonic', '등위(isotonic) 보정'],
  'calibration.learnt': ['Recalibration is learnt on validation rows and told of test rows; the model itself is as it was.', '보정은 검증 행에서 배우고 테스트 행에서 확인합니다. 모델 자체는 바꾸지 않았습니다.'], // biome-ignore format: one line
  'calibration.parts': ['The Brier score is reliability {reliability} − resolution {resolution} + uncertainty {uncertainty} + within bins {within}.', '브라이어 점수 = 신뢰도 {reliability} − 분해능 {resolution} + 불확실성 {uncertainty} + 구간 안 {within}.'], // biome-ignore format: one line
  'segments.note': ['{metric} on test by the values of a column, beside all other rows (dashed). “Worse” holds for all segments together (Holm); segments of fewer than 30 rows are not judged.', '열의 값에 따른 테스트 {metric}이며 점선은 나머지 모든 행의 값입니다. “나쁨”은 모든 세그먼트를 함께 보정한 판정(Holm)이고, 30행보다 적으면 판정하지 않습니다.'], // biome-ignore format: one line
  'segments.orders': ['{metric} on test by the values of a column, beside all other rows (dashed): each group is ordered among its rows of the segment alone. “Worse” holds for all segments together (Holm); segments of fewer than 30 groups with a relevant row are not judged.', '열의 값에 따른 테스트 {metric}이며 점선은 나머지 모든 행의 값입니다. 각 그룹은 그 세그먼트에 속한 행끼리만 순위를 매깁니다. “나쁨”은 모든 세그먼트를 함께 보정한 판정(Holm)이고, 관련 있는 행이 있는 그룹이 30개보다 적으면 판정하지 않습니다.'], // biome-ignore format: one line
  'segments.segment': ['segment', '세그먼트'],
  'segments.rest': ['rest', '나머지'],
  'segments.worse': ['worse', '나쁨'],
  'segments.few': ['too few', '행 부족'],
  'segments.none': ['No segment could be shown to be worse than the rest.', '나머지보다 나쁘다고 할 수 있는 세그먼트가 없습니다.'], // biome-ignore format: one line
  'level.missing': ['(missing)', '(빈 값)'],
  'level.others': ['({n} others)', '(그 밖 {n}개)'],
  'fairness.group': ['group', '집단'],
  'fairness.selection': ['called positive', '양성 판정'],
  'fairness.tpr': ['of positives found', '실제 양성 중 찾음(TPR)'],
  'fairness.fpr': ['false alarms (FPR)', '실제 음성 중 오경보(FPR)'],
  'fairness.precision': ['precision', '정밀도'],
  'fairness.bias': ['score − rate', '점수 − 실제 비율'],
  'fairness.parityDifference': ['demographic parity, difference', '인구통계 동등성 차이'],
  'fairness.parityRatio': ['demographic parity, ratio', '인구통계 동등성 비'],
  'fairness.equalOpportunity': ['equal opportunity, difference', '기회 균등 차이'],
  'fairness.equalisedOdds': ['equalised odds, difference', '균등 오즈 차이'],
  'costs.note': ['A wrong yes costs {falsePositive}, a wrong no {falseNegative}, a right yes brings {truePositive}. The cheapest threshold on validation rows is {threshold} ({low} … {high}).', '잘못된 양성 판정은 {falsePositive}, 놓친 양성은 {falseNegative}의 비용이 들고 맞힌 양성은 {truePositive}의 이익을 냅니다. 검증 행에서 가장 싼 기준점은 {threshold}({low} … {high})입니다.'], // biome-ignore format: one line
  'costs.chosen': ['at that threshold', '그 기준점에서'],
  'costs.own': ['at the threshold that the model has, {threshold}', '모델의 현재 기준점 {threshold}에서'],
  'costs.other': ['The model and its endpoint decide by another one; threshold of k.train, with the same costs, has them decide by this one.', '모델과 엔드포인트는 다른 기준점으로 판정합니다. k.train의 threshold에 같은 비용을 적으면 이 기준점으로 판정합니다.'], // biome-ignore format: one line
  'costs.never': ['call nobody', '아무도 판정 안 함'],
  'costs.always': ['call everybody', '모두 판정'],
  'costs.cost': ['cost a row, on test', '테스트 행당 비용'],
  'costs.curve': ['Cost a row by threshold (test)', '기준점에 따른 행당 비용(테스트)'],
  'costs.decision': ['Net benefit by threshold probability', '기준 확률에 따른 순이익'],
  'costs.model': ['this model', '이 모델'],
  'costs.all': ['call everybody', '모두 판정'],
  'features.note': ['How much worse {metric} gets when a feature’s values are dealt out anew among {rows} test rows, mean and spread of {repeats} repeats.', '테스트 행 {rows}개에서 특징 값을 무작위로 섞었을 때 {metric}이(가) 나빠지는 정도이며, {repeats}번 반복한 평균과 편차입니다.'], // biome-ignore format: one line
  'features.dependence': ['What the model says on average when all rows have one value of a feature; four fifths of rows lie in the band.', '모든 행의 특징 값을 하나로 놓았을 때 모델이 내는 평균값입니다. 띠에는 행의 80%가 들어 있습니다.'], // biome-ignore format: one line
  'features.of': ['Of the class {class}.', '{class} 분류의 확률입니다.'],
  'curve.note': ['The same candidate learnt with fewer training rows; {metric} on validation rows, and on the rows learnt from.', '같은 후보를 더 적은 행으로 학습했을 때 검증 행과 학습 행의 {metric}입니다.'], // biome-ignore format: one line
  'curve.note.leader': ['The best single model of the search ({trainer}) learnt with fewer training rows, without searching again; {metric} on validation rows, and on the rows learnt from.', '탐색에서 가장 좋았던 단일 모델({trainer})을 다시 탐색하지 않고 더 적은 행으로 학습했을 때 검증 행과 학습 행의 {metric}입니다.'], // biome-ignore format: one line
  'curve.lacks': ['1 − AUC', '1 − AUC'],
  'curve.lacksOrder': ['1 − NDCG@10', '1 − NDCG@10'],
  'curve.validate': ['validation rows', '검증 행'],
  'curve.train': ['rows learnt from', '학습 행'],
  'curve.law': ['It follows {a} · rows^−{b} + {c} (exponent {low} … {high}): {rows} rows may come to {value} ({from} … {to}); {most} came to {came}.', '{a} · 행^−{b} + {c} 곡선을 따릅니다(지수 {low} … {high}). {most}행에서는 {came}였고, {rows}행이면 {value}({from} … {to})이(가) 될 수 있습니다.'], // biome-ignore format: one line
  'curve.cannot': [
    'What more rows would bring can’t be told: {why}.',
    '행을 늘리면 얼마나 나아질지 알 수 없습니다: {why}.',
  ],
  'curve.seconds': ['seconds to learn', '학습 시간(초)'],
  'curve.time': ['Learning from {rows} rows may take {value} s ({from} … {to}); time grows as rows^{power}.', '{rows}행을 학습하는 데 {value}초({from} … {to})가 걸릴 수 있습니다. 시간은 행^{power}에 비례합니다.'], // biome-ignore format: one line
  'curve.noTime': ['How time grows can’t be told: {why}.', '시간이 어떻게 늘지는 알 수 없습니다: {why}.'],
  'scaling.note': ['The same candidate learnt with other values of {parameter} (now {now}); {metric} on validation rows, and on the rows learnt from.', '{parameter} 값(현재 {now})만 바꾸어 같은 후보를 학습했을 때 검증 행과 학습 행의 {metric}입니다.'], // biome-ignore format: one line
  'scaling.default': ['the trainer’s own', '학습기의 기본값'],
  'scaling.law': ['It follows {a} · {of}^−{b} + {c} (exponent {low} … {high}): {of} {rows} may come to {value} ({from} … {to}); {most} came to {came}.', '{a} · {of}^−{b} + {c} 곡선을 따릅니다(지수 {low} … {high}). {of}이(가) {most}일 때 {came}였고, {rows}이면 {value}({from} … {to})이(가) 될 수 있습니다.'], // biome-ignore format: one line
  'scaling.cannot': [
    'What larger {of} would bring can’t be told: {why}.',
    '{of}을(를) 키우면 얼마나 나아질지 알 수 없습니다: {why}.',
  ],
  'scaling.time': ['Learning with {of} {rows} may take {value} s ({from} … {to}); time grows as {of}^{power}.', '{of}이(가) {rows}이면 학습에 {value}초({from} … {to})가 걸릴 수 있습니다. 시간은 {of}^{power}에 비례합니다.'], // biome-ignore format: one line
  'leaks.alone': ['how well a feature tells the target alone', '특징 하나로 목표를 맞히는 정도'],
  'leaks.copy': ['is the target', '목표와 같음'],
  'leaks.high': ['suspect', '의심'],
  'leaks.ok': ['no', '아님'],
  'leaks.none': ['No feature tells the target almost alone.', '혼자서 목표를 거의 정하는 특징이 없습니다.'],
  'leaks.repeated': ['{rows} of {of} rows of {part} ({share}) equal a training row in every feature; in {same} of these the target is the same, too.', '{part}의 {of}행 가운데 {rows}행({share})은 모든 특징이 학습 행과 같고, 그 가운데 {same}행은 목표도 같습니다.'], // biome-ignore format: one line
  'leaks.strength': ['AUC or squared rank correlation, on training rows', '학습 행의 AUC 또는 순위상관 제곱'],
  'limits.title': ['What this does not show', '이 카드가 보여 주지 않는 것'],
  ...LIMITS,
} as const

export type Word = keyof typeof WORDS
type Params = Readonly<Record<string, Html | string | number>>

/** A message in both languages; the page shows one of them. What is filled in is escaped. */
export function say(key: Word, params: Params = {}): Html {
  const filled = LANGUAGES.map((language, i) => {
    const template: string = WORDS[key][i] ?? ''
    const out = template.replace(/\{(\w+)\}/g, (whole, name: string) => Object.hasOwn(params, name) ? markupOf(params[name] as Html) : whole) // biome-ignore format: one line
    return html`<span lang="${language}">${trusted(out)}</span>`
  })
  return html`${filled}`
}

/** Sentences that were made in both languages. */
export const inBoth = (words: { readonly en: string; readonly ko: string }): Html =>
  html`<span lang="en">${words.en}</span><span lang="ko">${words.ko}</span>`

const METRICS: Readonly<Record<string, readonly [string, string]>> = {
  ndcg5: ['NDCG@5', 'NDCG@5'],
  ndcg10: ['NDCG@10', 'NDCG@10'],
  ndcg: ['NDCG', 'NDCG'],
  map: ['mean average precision', '평균 정밀도의 평균(MAP)'],
  mrr: ['mean reciprocal rank', '역순위 평균(MRR)'],
  precision5: ['precision@5', '정밀도@5'],
  precision10: ['precision@10', '정밀도@10'],
  auc: ['AUC', 'AUC'],
  averagePrecision: ['average precision', '평균 정밀도'],
  calibrationError: ['calibration error', '보정 오차'],
  accuracy: ['accuracy', '정확도'],
  balancedAccuracy: ['balanced accuracy', '균형 정확도'],
  macroF1: ['macro F1', '매크로 F1'],
  precision: ['precision', '정밀도'],
  recall: ['recall', '재현율'],
  f1: ['F1', 'F1'],
  logLoss: ['log loss', '로그 손실'],
  brier: ['Brier score', '브라이어 점수'],
  rate: ['share of positives', '양성 비율'],
  rmse: ['RMSE', 'RMSE'],
  mae: ['mean absolute error', '평균 절대 오차'],
  bias: ['bias', '편향'],
  r2: ['R²', 'R²'],
  mape: ['MAPE', 'MAPE'],
  pinball: ['pinball loss', '핀볼 손실'],
  smape: ['sMAPE', 'sMAPE'],
  poissonDeviance: ['Poisson deviance', '푸아송 편차'],
  tweedieDeviance: ['Tweedie deviance', '트위디 편차'],
}

/** A metric as people read it. */
export function metricWords(name: string): { readonly en: string; readonly ko: string } {
  const [en, ko] = METRICS[name] ?? [name, name]
  return { en, ko }
}
export const metricName = (name: string): Html => inBoth(metricWords(name))
