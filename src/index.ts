/** The public map: what `import … from 'galley'` gives. */
export { type Secret, secret } from './base/secrets.ts'
export { arrow } from './data/connectors/arrow.ts'
export { type CsvOptions, csv } from './data/connectors/csv.ts'
export { dataset } from './data/connectors/dataset.ts'
export { type FolderOptions, folder } from './data/connectors/folder.ts'
export { type ValueMaker, values } from './data/connectors/generate/makers.ts'
export { type GenerateOptions, generate } from './data/connectors/generate.ts'
export { type HttpOptions, http } from './data/connectors/http.ts'
export { type JsonOptions, json } from './data/connectors/json.ts'
export { parquet } from './data/connectors/parquet.ts'
export { type PostgresOptions, postgres } from './data/connectors/postgres.ts'
export { type PushOptions, push } from './data/connectors/push.ts'
export { type S3Options, s3 } from './data/connectors/s3.ts'
export { type SqliteOptions, sqlite } from './data/connectors/sqlite.ts'
export type { Expect, Expected } from './data/quality/said.ts'
export type { Asked, Columns, Found } from './ml/analysis/statistics/analysis.ts'
export { ANALYSES, type AnalysisName, analyse } from './ml/analysis/statistics/index.ts'
export {
  type ArimaOptions,
  type AutoForecastOptions,
  arima,
  autoForecast,
  drift,
  type EtsOptions,
  ets,
  type IntermittentOptions,
  intermittent,
  lagTrees,
  naive,
  seasonalNaive,
  type ThetaOptions,
  type TreesOptions,
  theta,
} from './ml/forecasting/forecasts.ts'
export {
  type AutoOptions,
  auto,
  baseline,
  type GbdtOptions,
  gbdt,
  knn,
  linear,
  logistic,
  type MlpOptions,
  mlp,
  naiveBayes,
  poisson,
} from './ml/training/candidates.ts'
export {
  type AlsOptions,
  als,
  type DbscanOptions,
  dbscan,
  type FpGrowthOptions,
  fpGrowth,
  type GaussianMixtureOptions,
  gaussianMixture,
  type IsolationForestOptions,
  type ItemItemOptions,
  isolationForest,
  itemItem,
  type KMeansOptions,
  kMeans,
  type PcaOptions,
  pca,
} from './ml/unsupervised/learnings.ts'
export {
  corr,
  count,
  countDistinct,
  denseRank,
  first,
  lag,
  last,
  lead,
  max,
  mean,
  min,
  over,
  quantile,
  range,
  rank,
  rowNumber,
  rows,
  stddev,
  sum,
  variance,
} from './plan/aggregates.ts'
export { constant, greatest, least, listOf, structOf } from './plan/columns/combine.ts'
export { days, hours, minutes, seconds } from './plan/durations.ts'
export { quantileBins, widthBins } from './plan/fits/bins.ts'
export { dateParts } from './plan/fits/date-parts.ts'
export { frequency, hashing, oneHot, ordinal } from './plan/fits/encode.ts'
export { impute } from './plan/fits/impute.ts'
export { powerTransform } from './plan/fits/power.ts'
export { minMax, robustScale, standardise } from './plan/fits/scale.ts'
export { type TargetEncode, targetEncode } from './plan/fits/target.ts'
export { tfIdf } from './plan/fits/tfidf.ts'
export { winsorise } from './plan/fits/winsorise.ts'
export { type Rolling, scan, type Table } from './plan/table.ts'
export { evaluate, evaluateStep, type JsonRow } from './runs/fixtures/evaluate.ts'
export type { Dataset, Forecasting, Kitchen, Learning, Made, Model } from './runs/kitchen.ts'
export {
  daily,
  hourly,
  type KeyPart,
  keys,
  monthly,
  type Partitioned,
  partitioned,
  type TimePart,
  weekly,
  yearly,
} from './runs/partitions/partitioned.ts'
export { recipe } from './runs/recipe.ts'
export type { Recipe } from './runs/specs.ts'
export { byGroup, byTime } from './runs/split.ts'
