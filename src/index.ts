/** The public map: what `import … from 'galley'` gives. */
export { type CsvOptions, csv } from './data/connectors/csv.ts'
export { parquet } from './data/connectors/parquet.ts'
export { baseline, type GbdtOptions, gbdt, logistic } from './ml/training/candidates.ts'
export { type TargetEncode, targetEncode } from './plan/fits.ts'
export {
  constant,
  count,
  countDistinct,
  days,
  hours,
  max,
  mean,
  min,
  minutes,
  quantile,
  type Rolling,
  scan,
  seconds,
  stddev,
  sum,
  type Table,
  variance,
} from './plan/table.ts'
export { byTime, type Dataset, type Kitchen, type Model, recipe } from './runs/recipe.ts'
export type { Recipe } from './runs/specs.ts'
