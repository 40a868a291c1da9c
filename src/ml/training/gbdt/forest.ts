import { categoryBins } from '../bins.ts'
import {
  bodyNumber,
  broken,
  checkModel,
  decodeBytes,
  decodeFloat64,
  decodeInt32,
  encodeArray,
  outputsOf,
} from '../model.ts'
import type { TrainedModel } from '../trainer.ts'

/**
 * A forest as flat arrays over all nodes of all trees. A child ≥ 0 is a node, a child below zero is value ~child. The
 * lowest bit of `test` says whether missing values go left, the rest is the feature.
 */
export interface Forest {
  readonly base: number
  /** The score before the first tree of each output; tree t adds to output t mod their number. */
  readonly bases: readonly number[]
  readonly roots: Int32Array
  readonly test: Int32Array
  readonly threshold: Float64Array
  /** Left and right child of node i at 2i and 2i + 1. */
  readonly children: Int32Array
  readonly values: Float64Array
  /** Rows of each value that it was learnt from; models of before they were kept have none. */
  readonly counts: Int32Array | undefined
  /** Of a forest with features of categories. */
  readonly sets: ForestSets | undefined
}

/** Splits by sets of categories. */
export interface ForestSets {
  /** The categories of each such feature in the order of their bins, by the feature's place. */
  readonly categories: ReadonlyMap<number, Float64Array>
  /** The bin of a value. */
  readonly bins: ReadonlyMap<number, (x: number) => number>
  /** Whose words of `words` a node has, 8 each; −1 for a node with a threshold. */
  readonly of: Int32Array
  /** A bin goes left where it has a 1. */
  readonly words: Uint32Array
  /** The categories of a feature that a set sends left. */
  membersOf(feature: number, set: number): number[]
}

/** Reads a gbdt model. @throws MODEL_FORMAT_NEWER, STORE_CORRUPT */
export function readForest(model: TrainedModel): Forest {
  checkModel(model, 'gbdt')
  const { body } = model
  const treeLeaves = decodeInt32(body, 'treeLeaves')
  const feature = decodeInt32(body, 'feature')
  const threshold = decodeFloat64(body, 'threshold')
  const missingLeft = decodeInt32(body, 'missingLeft')
  const left = decodeInt32(body, 'left')
  const right = decodeInt32(body, 'right')
  const values = Float64Array.from(new Float32Array(decodeBytes(body, 'values')))
  const nodes = feature.length
  if ([threshold, missingLeft, left, right].some((array) => array.length !== nodes)) throw broken('its arrays disagree')
  if (feature.some((f) => f < 0 || f >= model.features.length)) throw broken('it splits on a feature that it lacks')

  const roots = new Int32Array(treeLeaves.length)
  const children = new Int32Array(nodes * 2)
  let node = 0
  let leaf = 0
  for (const [tree, leaves] of treeLeaves.entries()) {
    const end = node + leaves - 1
    const place = (child: number): number => (child >= 0 ? node + child : ~(leaf + ~child))
    roots[tree] = leaves === 1 ? ~leaf : node
    for (let i = node; i < end; i++)
      for (const [side, child] of [left[i] as number, right[i] as number].entries()) {
        const placed = place(child)
        if (placed >= 0 && (placed <= i || placed >= end)) throw broken('its nodes run in a circle')
        children[i * 2 + side] = placed
      }
    node = end
    leaf += leaves
  }
  if (node !== nodes || leaf !== values.length) throw broken('its trees and arrays disagree')
  const test = Int32Array.from(feature, (f, i) => f * 2 + (missingLeft[i] as number))
  const bases = model.classes ? [...decodeFloat64(body, 'bases')] : [bodyNumber(body, 'base')]
  if (bases.length !== outputsOf(model) || roots.length % bases.length !== 0)
    throw broken('its trees and classes disagree')
  const counts = body['counts'] === undefined ? undefined : decodeInt32(body, 'counts')
  if (counts && counts.length !== values.length) throw broken('its values and counts disagree')
  const sets = readSets(body, feature)
  return { base: bases[0] as number, bases, roots, test, threshold, children, values, counts, sets }
}

function readSets(body: TrainedModel['body'], feature: Int32Array): ForestSets | undefined {
  if (body['categories'] === undefined) return undefined
  const features = decodeInt32(body, 'categorical')
  const sizes = decodeInt32(body, 'categories')
  const values = decodeFloat64(body, 'categoryValues')
  let at = 0
  const own = new Map(Array.from(features, (f, i) => [f, values.subarray(at, (at += sizes[i] ?? 0))]))
  const bins = new Map(Array.from(own, ([f, some]) => [f, categoryBins(some)]))
  const words = new Uint32Array(decodeBytes(body, 'sets'))
  let some = 0
  const of = Int32Array.from(feature, (f) => (bins.has(f) ? some++ : -1))
  if (words.length !== some * 8 || at !== values.length) throw broken('its categories disagree')
  const isIn = (set: number, bin: number): boolean =>
    (((words[set * 8 + (bin >> 5)] as number) >>> (bin & 31)) & 1) === 1
  const membersOf = (f: number, set: number) => [...(own.get(f) ?? [])].filter((_, bin) => isIn(set, bin))
  return { categories: own, bins, of, words, membersOf }
}

/** A row as the nodes ask it: bins in place of categories. */
export function askedOf({ sets }: Forest, row: Float64Array): Float64Array {
  if (!sets) return row
  const asked = Float64Array.from(row)
  for (const [f, bin] of sets.bins) asked[f] = bin(row[f] as number)
  return asked
}

/** Whether a row, as `askedOf` has it, goes to the left child of a node. */
export function goesLeft({ test, threshold, sets }: Forest, node: number, row: Float64Array): boolean {
  const how = test[node] as number
  const x = row[how >> 1] as number
  const set = sets ? (sets.of[node] as number) : -1
  if (set >= 0) return (((sets?.words[set * 8 + (x >> 5)] as number) >>> (x & 31)) & 1) === 1
  const limit = threshold[node] as number
  // NaN fails every comparison: asking the other way round sends it left
  return (how & 1) === 1 ? !(x > limit) : x <= limit
}

/** A grown tree: a row goes left where its value ≤ the threshold. A child below zero is leaf ~child. */
export interface GrownTree {
  readonly feature: readonly number[]
  readonly threshold: readonly number[]
  readonly missingLeft: readonly number[]
  readonly left: readonly number[]
  readonly right: readonly number[]
  readonly values: readonly number[]
  /** Rows of each leaf that it was learnt from. */
  readonly counts: readonly number[]
  /** The bins that go left, in 8 words, of each node of a feature of categories. */
  readonly sets?: readonly (readonly number[])[]
}

/** What each of so many features gained in trees whose splits' gains are known. */
export function importanceOf(
  trees: readonly (GrownTree & { readonly gain: readonly number[] })[],
  features: number,
): number[] {
  const importance = new Array<number>(features).fill(0)
  for (const { feature, gain } of trees)
    for (const [i, f] of feature.entries()) importance[f] = (importance[f] ?? 0) + (gain[i] ?? 0)
  return importance
}

/**
 * The body of a gbdt model; its arrays run through all trees, one after another. `importance`: each feature's gain. `base`: of several
 * outputs one each. `categories`: of features that have them, those with a bin.
 */
export function forestBody(
  trees: readonly GrownTree[],
  importance: readonly number[],
  base: number | readonly number[],
  categories: readonly { readonly feature: number; readonly values: Float64Array }[] = [],
): TrainedModel['body'] {
  const ints = (of: (tree: GrownTree) => readonly number[]): string => encodeArray(Int32Array.from(trees.flatMap(of)))
  return {
    ...(typeof base === 'number' ? { base } : { bases: encodeArray(Float64Array.from(base)) }),
    trees: trees.length,
    treeLeaves: ints((tree) => [tree.values.length]),
    feature: ints((tree) => tree.feature),
    threshold: encodeArray(Float64Array.from(trees.flatMap((tree) => tree.threshold))),
    missingLeft: ints((tree) => tree.missingLeft),
    left: ints((tree) => tree.left),
    right: ints((tree) => tree.right),
    values: encodeArray(Float32Array.from(trees.flatMap((tree) => tree.values))),
    counts: ints((tree) => tree.counts),
    ...(categories.length > 0
      ? {
          categorical: encodeArray(Int32Array.from(categories, (c) => c.feature)),
          categories: encodeArray(Int32Array.from(categories, (c) => c.values.length)),
          categoryValues: encodeArray(Float64Array.from(categories.flatMap((c) => [...c.values]))),
          sets: ints((tree) => (tree.sets ?? []).flat()),
        }
      : {}),
    importance,
  }
}
