import { COLUMN_WORDS } from './words.ts'

/** The languages of what people read. */
export const LANGUAGES = ['en', 'ko'] as const
export type Language = (typeof LANGUAGES)[number]

/**
 * Every sentence that Galley says in two languages, [English, Korean], but those of statistical analyses, each beside its own; `{name}` is filled in. Markup-free: a caller that
 * writes HTML escapes what it fills in.
 */
const MESSAGES = {
  'language.name': ['English', '한국어'],
  'language.switch': ['Language', '언어'],
  'report.title': ['Data report', '데이터 보고서'],
  'report.origin': ['recipe {recipe} · run {run} · {date} UTC', '레시피 {recipe} · 실행 {run} · {date} UTC'],
  'analysis.title': ['Analysis', '분석'],
  'analysis.figures': ['Figures', '수치'],
  'analysis.cut': ['The first {shown} of {rows}; the page holds all of them as JSON.', '{rows}개 중 처음 {shown}개입니다. 전체는 이 페이지에 JSON으로 들어 있습니다.'], // biome-ignore format: one line
  'analysis.origin': ['{about} · {date} UTC', '{about} · {date} UTC'],
  'analysis.footer': [
    'The chart’s Vega-Lite specification is embedded as JSON (element “charts”), the figures as “analysis”. Nothing in this file is loaded from elsewhere.',
    '그래프의 Vega-Lite 명세는 “charts”, 수치는 “analysis” 요소에 JSON으로 들어 있습니다. 이 파일은 외부에서 아무것도 불러오지 않습니다.',
  ],
  'report.nav.findings': ['Findings', '발견'],
  'report.nav.quality': ['Quality', '품질'],
  'report.nav.target': ['Target', '목표'],
  'report.nav.time': ['Time', '시간'],
  'report.nav.correlation': ['Correlation', '상관'],
  'report.nav.together': ['Together', '함께'],
  'report.nav.columns': ['Columns', '열'],
  'report.file': ['{date} UTC', '{date} UTC'],
  'report.notDrawn': ['{n} further columns are not drawn.', '나머지 열 {n}개는 그리지 않았습니다.'],
  'report.rows': ['rows', '행'],
  'report.columns': ['columns', '열'],
  'report.missing': ['missing values', '빈 값'],
  'report.rejected': ['rows set aside', '제외된 행'],
  'report.checks': ['checks passed', '통과한 검사'],
  'report.findings': ['findings', '발견'],
  'report.share': ['{target} is true', '{target} 참 비율'],
  'report.mean': ['mean of {target}', '{target} 평균'],
  'report.empty': ['The table has no rows.', '행이 없는 표입니다.'],

  'findings.title': ['What deserves a look', '살펴볼 점'],
  'findings.none': [
    'Nothing stands out: no gaps, leaks or oddities beyond the limits.',
    '눈에 띄는 점이 없습니다. 빈 값, 누설, 이상한 값이 모두 기준 안에 있습니다.',
  ],
  'level.high': ['act', '조치'],
  'level.medium': ['check', '확인'],
  'level.low': ['note', '참고'],
  'warning.leak': [
    '{column} almost decides {target} (strength {strength}). If it is not known when a prediction is asked for, keep it out of the features.',
    '{column} 값을 알면 {target} 값이 거의 정해집니다(설명력 {strength}). 예측하는 순간에 알 수 없는 값이라면 특징에서 빼십시오.',
  ],
  'warning.empty': ['{column} holds no value at all.', '{column} 열에 값이 하나도 없습니다.'],
  'warning.constant': [
    '{column} is always {value}: it tells a model nothing.',
    '{column} 값이 모두 {value}입니다. 모델에 도움이 되지 않습니다.',
  ],
  'warning.oneValue': [
    '{column} is {value} or missing ({percent} % of the rows): all that it can tell is where it is missing.',
    '{column} 값은 {value}이거나 비어 있습니다(행의 {percent} %). 알 수 있는 것은 비어 있는지뿐입니다.',
  ],
  'warning.nulls': [
    '{column} is missing in {percent} % of the rows (limit {limit} %).',
    '{column} 값이 행의 {percent} %에서 비어 있습니다(기준 {limit} %).',
  ],
  'warning.notFinite': [
    '{column} holds {nan} NaN and {infinite} infinite values; statistics leave them out.',
    '{column} 열에 NaN {nan}개, 무한대 {infinite}개가 있습니다. 통계에서는 제외했습니다.',
  ],
  'warning.key': [
    '{column} never repeats: probably a key, which a model would learn by heart.',
    '{column} 값이 한 번도 겹치지 않습니다. 키로 보이며, 모델이 외워 버릴 수 있습니다.',
  ],
  'warning.twins': [
    '{column} and {other} say nearly the same (r = {r}); one of them may be enough.',
    '{column} 열과 {other} 열은 거의 같은 정보입니다(r = {r}). 하나로 충분할 수 있습니다.',
  ],
  'warning.imbalance': [
    'The rarer side of {column} is {percent} % of the rows (limit {limit} %): judge models by more than accuracy.',
    '{column}의 드문 쪽이 행의 {percent} %뿐입니다(기준 {limit} %). 정확도만으로 모델을 판단하지 마십시오.',
  ],
  'warning.dominant': ['{column} is {value} in {percent} % of the rows.', '{column} 값의 {percent} %가 {value}입니다.'],
  'warning.extremes': [
    '{column} reaches {value}, far beyond the rest of its values.',
    '{column} 값이 {value}까지 나타나 나머지 값과 크게 떨어져 있습니다.',
  ],
  'warning.untidy': [
    '{column} holds untidy text: {padded} values with white space around them; spelt two ways: {example}.',
    '{column} 열의 글자가 정돈되지 않았습니다. 앞뒤 공백이 있는 값 {padded}개, 두 가지로 적힌 예: {example}.',
  ],
  'warning.personal': [
    '{column} looks like personal data ({kind}; {percent} % of the values looked at have its form).',
    '{column} 열은 개인정보로 보입니다({kind}, 살펴본 값의 {percent} %가 그 형식).',
  ],
  'warning.personalName': [
    '{column} may be personal data by its name ({kind}).',
    '{column} 열은 이름으로 보아 개인정보일 수 있습니다({kind}).',
  ],
  'warning.duplicates': ['{percent} % of the rows repeat another row.', '행의 {percent} %가 다른 행과 똑같습니다.'],
  'warning.partShift': [
    'In {part}, the mean of {column} is {change} % off the whole: the parts are not alike.',
    '{part} 구간의 {column} 평균이 전체와 {change} % 차이 납니다. 구간끼리 서로 다릅니다.',
  ],

  'quality.title': ['Quality', '품질'],
  'quality.expectations': ['Expectations of the recipe', '레시피의 기대 조건'],
  'quality.expectation': ['expectation', '조건'],
  'quality.failed': ['rows that break it', '어긴 행'],
  'quality.verdict': ['verdict', '판정'],
  'quality.pass': ['passed', '통과'],
  'quality.fail': ['failed', '실패'],
  'quality.look': ['look', '확인'],
  'quality.noExpectations': ['The recipe states none.', '레시피에 적힌 조건이 없습니다.'],
  'quality.checks': ['Automatic checks', '자동 검사'],
  'quality.check': ['check', '검사'],
  'quality.columns': ['columns', '열'],
  'quality.offenders': ['look at', '살펴볼 열'],
  'quality.rejected': ['Rows set aside, by reason', '이유별로 제외된 행'],
  'quality.noRejected': ['No row was set aside.', '제외된 행이 없습니다.'],
  'quality.parts': ['Parts of the dataset', '데이터셋 구간'],
  'quality.part': ['part', '구간'],
  'quality.noPart': ['in no part', '구간 없음'],
  'check.filled': ['holds values', '값이 있음'],
  'check.complete': ['at most {limit} % missing', '빈 값 {limit} % 이하'],
  'check.varied': ['varies', '값이 다양함'],
  'check.finite': ['finite numbers', '유한한 수'],
  'check.range': ['no far-off extremes', '동떨어진 극단값 없음'],
  'check.tidy': ['tidy text', '정돈된 글자'],
  'check.noLeak': ['does not give the target away', '목표를 누설하지 않음'],

  'target.title': ['What moves {target}', '{target} 값을 움직이는 것'],
  'target.share': [
    'Each chart shows the share of true {target} within a column’s values or equal-sized ranges; the dashed line is the whole table. The strength (0 to 1) says how much of {target} the column explains by itself.',
    '각 그래프는 열의 값이나 같은 크기의 구간마다 {target} 참 비율을 보여 주고, 점선은 전체 비율입니다. 설명력(0–1)은 그 열 하나로 {target} 값을 얼마나 설명하는지를 뜻합니다.',
  ],
  'target.mean': [
    'Each chart shows the mean of {target} within a column’s values or equal-sized ranges; the dashed line is the whole table. The strength (0 to 1) says how much of {target} the column explains by itself.',
    '각 그래프는 열의 값이나 같은 크기의 구간마다 {target} 평균을 보여 주고, 점선은 전체 평균입니다. 설명력(0–1)은 그 열 하나로 {target} 값을 얼마나 설명하는지를 뜻합니다.',
  ],
  'target.strength': ['strength', '설명력'],
  'target.others': ['other values', '그 밖의 값'],
  'target.leak': ['leak?', '누설?'],
  'target.more': ['Every column by strength', '설명력 순 전체 열'],

  'time.title': ['Over time', '시간에 따라'],
  'time.rows': ['Rows by {column}, per {width}', '{column} 기준 {width}별 행 수'],
  'time.share': ['Share of true {target}', '{target} 참 비율'],
  'time.mean': ['Mean of {target}', '{target} 평균'],
  'time.calendarShare': [
    'Share of true {target}, %, by weekday and hour of {column} ({clock})',
    '{column}의 요일과 시각별 {target} 참 비율, %({clock})',
  ],
  'time.calendarMean': [
    'Mean of {target} by weekday and hour of {column} ({clock})',
    '{column}의 요일과 시각별 {target} 평균({clock})',
  ],
  'time.calendarRows': [
    'Rows, thousandths of all, by weekday and hour of {column} ({clock})',
    '{column}의 요일과 시각별 행 수, 전체의 천분율({clock})',
  ],
  'time.local': ['local clock', '현지 시각'],
  'time.utc': ['UTC', 'UTC'],
  'time.second': ['second', '초'],
  'time.seconds': ['{n} seconds', '{n}초'],
  'time.minute': ['minute', '분'],
  'time.minutes': ['{n} minutes', '{n}분'],
  'time.hour': ['hour', '시간'],
  'time.hours': ['{n} hours', '{n}시간'],
  'time.day': ['day', '일'],
  'time.days': ['{n} days', '{n}일'],
  'weekday.1': ['Mon', '월'],
  'weekday.2': ['Tue', '화'],
  'weekday.3': ['Wed', '수'],
  'weekday.4': ['Thu', '목'],
  'weekday.5': ['Fri', '금'],
  'weekday.6': ['Sat', '토'],
  'weekday.7': ['Sun', '일'],

  'correlation.title': ['Correlation', '상관관계'],
  'correlation.note': [
    'Pearson’s r over the rows where both are present: green rises together, amber runs against.',
    '두 값이 모두 있는 행의 피어슨 r: 초록은 함께 커지고, 주황은 반대로 움직입니다.',
  ],
  'correlation.pairs': ['strongest pairs', '가장 강한 쌍'],
  'correlation.constant': [
    '{column} does not vary, so it correlates with nothing.',
    '{column} 값이 변하지 않아 상관을 계산하지 않았습니다.',
  ],
  'correlation.empty': [
    '{column} has no finite value to correlate.',
    '{column} 열에 유한한 값이 없어 상관을 계산하지 않았습니다.',
  ],
  'correlation.skipped': [
    '{n} further numeric columns are left out of the matrix.',
    '수 열 {n}개는 표에서 제외했습니다.',
  ],

  ...COLUMN_WORDS,

  'footer.method': [
    'Counts, quantiles and Pearson’s r are computed over every row; where a quantile or a number of different values is not exact, its error is stated. What is computed over a sample says so. Nothing in this file is loaded from elsewhere: the charts’ Vega-Lite specifications are embedded as JSON (element “charts”), the whole profile as “profile”.',
    '개수, 분위수, 피어슨 r은 모든 행에서 계산했으며, 정확하지 않은 분위수와 서로 다른 값의 수에는 오차를 적었습니다. 표본으로 계산한 것은 그렇게 밝혔습니다. 이 파일은 외부에서 아무것도 불러오지 않습니다. 그래프의 Vega-Lite 명세는 “charts”, 전체 프로파일은 “profile” 요소에 JSON으로 들어 있습니다.',
  ],
} as const satisfies Record<string, readonly [en: string, ko: string]>

export type MessageKey = keyof typeof MESSAGES
export const MESSAGE_KEYS = Object.keys(MESSAGES) as readonly MessageKey[]

/** A message in a language with its parameters filled in; a parameter that is not given stays visible as `{name}`. */
export function text(
  language: Language,
  key: MessageKey,
  params: Readonly<Record<string, string | number>> = {},
): string {
  const template: string = MESSAGES[key][language === 'ko' ? 1 : 0]
  return template.replace(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(params, name) ? String(params[name]) : whole,
  )
}
