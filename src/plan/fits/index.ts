import type { Named, Node } from '../nodes.ts'
import type { Schema } from '../types.ts'
import { type Bins, binsKind } from './bins.ts'
import { type DateParts, datePartsKind } from './date-parts.ts'
import {
  type Frequency,
  frequencyKind,
  type Hashing,
  hashingKind,
  type OneHot,
  type Ordinal,
  oneHotKind,
  ordinalKind,
} from './encode.ts'
import { type BoundFit, checked, type FitAbout, type FitKind, type FitRow, knownIn } from './fit.ts'
import { type Impute, imputeKind } from './impute.ts'
import { type Power, powerKind } from './power.ts'
import { type Scale, scaleKind } from './scale.ts'
import { type TargetEncode, targetEncodeKind } from './target.ts'
import { type TfIdf, tfIdfKind } from './tfidf.ts'
import { type Winsorise, winsoriseKind } from './winsorise.ts'

export { countsQuery } from './categories.ts'
export { applied, type BoundFit, type FitAbout, type FitRow } from './fit.ts'

/** A fitted transform as a recipe declares it: plain JSON. */
export type Fit =
  | Bins
  | DateParts
  | Frequency
  | Hashing
  | Impute
  | OneHot
  | Ordinal
  | Power
  | Scale
  | TargetEncode
  | TfIdf
  | Winsorise

/** Every kind of fit: its queries over training rows, and what they bind to. */
const kinds: { readonly [K in Fit['kind']]: FitKind<Extract<Fit, { kind: K }>> } = {
  bins: binsKind,
  dateParts: datePartsKind,
  frequency: frequencyKind,
  hashing: hashingKind,
  impute: imputeKind,
  oneHot: oneHotKind,
  ordinal: ordinalKind,
  power: powerKind,
  scale: scaleKind,
  targetEncode: targetEncodeKind,
  tfIdf: tfIdfKind,
  winsorise: winsoriseKind,
}
const kindOf = (fit: Fit): FitKind<Fit> => kinds[fit.kind] as unknown as FitKind<Fit>

/** The columns that a fit reads. */
export const fitReads = (fit: Fit): readonly string[] => kindOf(fit).reads(fit)

/** A fit's name as recipes write it. */
export function fitName(fit: Fit): string {
  if (fit.kind === 'scale') return { standard: 'standardise', minMax: 'minMax', robust: 'robustScale' }[fit.by]
  if (fit.kind === 'bins') return `${fit.by}Bins`
  return fit.kind === 'power' ? 'powerTransform' : fit.kind
}

/** How a fit is asked and bound: training rows by constants, or `within` their own plan where it has one. */
const wayOf = (fit: Fit, within: boolean) => (within ? kindOf(fit).within : undefined) ?? kindOf(fit)

/** The target's column, where a fit looks at it. */
const targetOf = (fit: Fit, { target }: FitAbout): readonly string[] =>
  fit.kind === 'targetEncode' && target !== undefined ? [target] : []

/**
 * The aggregate queries that a fit needs over the training rows; NaN and the infinities have no part in what is learnt.
 * @throws PLAN_*
 */
export const fitQueries = (fit: Fit, train: Node, about: FitAbout, within = false): Named<Node> =>
  wayOf(checked(kindOf(fit), fit), within).queries(
    fit,
    knownIn(train, [...fitReads(fit), ...targetOf(fit, about)]),
    about,
  )

/** Whether a fit's queries within an engine count the rows of each of its columns' values. */
export const countsKeys = (fit: Fit): boolean => kindOf(fit).within?.countsKeys === true

/** Binds what the queries found as constants; `within` as they were asked. */
export const bindFit = (
  fit: Fit,
  found: ReadonlyMap<string, readonly FitRow[]>,
  schema: Schema,
  about: FitAbout,
  within = false,
): BoundFit => wayOf(fit, within).bind(fit, found, schema, about)
