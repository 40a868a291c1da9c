/**
 * Words of what a training holds beside its rows, as WGSL and TypeScript both name them. A leaf and a node are as in the
 * host's trainer (`ml/training/gbdt/grow.ts`); numbers of 64 bits take two words, low first.
 */
const fields = <const N extends readonly string[]>(names: N): Readonly<Record<N[number], number>> =>
  Object.fromEntries(names.map((name, i) => [name, i])) as Record<N[number], number>

/** What the next kernels are to do. */
export const CONTROL = fields([
  'stop', // no more trees
  'done', // no more splits in this tree
  'tree', // trees so far
  'leaves',
  'nodes',
  'start', // rows that are sent left or right: from here on in the order of rows
  'count',
  'side', // which of the two orders they stand in: 0 or 1
  'feature',
  'bin',
  'missingLeft',
  'leftCount',
  'leftLeaf',
  'rightLeaf',
  'scan', // whether the two leaves may be split again
  'smallStart', // rows whose histogram is taken
  'smallCount',
  'smallSide',
  'smallSlot',
  'parentSlot',
  'leftSlot',
  'rightSlot',
  'two', // whether there is a sibling: not for the root
  'rounds', // trees of the model
  'bestLow', // the least loss of the validation rows, which `losses` is compared with
  'bestHigh',
  'ran', // whether this tree was grown
] as const)
export const CONTROL_WORDS = 32

export const LEAF = fields([
  'start',
  'count',
  'side',
  'slot',
  'gLow',
  'gHigh',
  'hLow',
  'hHigh',
  'above', // the node above and 1; 0 for the root
  'right',
  'split', // whether it may be split
  'gain',
  'gainRest',
  'feature',
  'bin',
  'missingLeft',
  'leftGLow',
  'leftGHigh',
  'leftHLow',
  'leftHHigh',
  'leftCount',
] as const)
export const LEAF_WORDS = 24

/** The best split of a feature. */
export const CANDIDATE = fields([
  'gain',
  'gainRest',
  'bin',
  'missingLeft',
  'gLow',
  'gHigh',
  'hLow',
  'hHigh',
  'count',
] as const)
export const CANDIDATE_WORDS = 12

export const NODE = fields([
  'feature',
  'bin',
  'missingLeft',
  'left',
  'right',
  'gain',
  'gainRest',
  'thresholdLow',
  'thresholdHigh',
] as const)
export const NODE_WORDS = 9

/** A tree: the number of its leaves, then room for nodes, then for values and for the rows that each leaf was learnt from. */
export const treeWords = (leaves: number): number => valuesAt(leaves) + 2 * leaves
/** The word at which a tree's values begin. */
export const valuesAt = (leaves: number): number => 1 + (leaves - 1) * NODE_WORDS

/** A bin of a histogram: gradients, hessians, rows. */
export const BIN_WORDS = 5
/** Threads that share the bins of a feature, four each. */
export const SHARES = 64
const constants = (prefix: string, table: Readonly<Record<string, number>>): string =>
  Object.entries(table)
    .map(([name, at]) => `const ${prefix}_${name} = ${at}u;`)
    .join('\n')

/** The names for kernels: `C_…` of the control, `L_…` of a leaf, `S_…` of a candidate, `N_…` of a node. */
export const NAMES = [
  constants('C', CONTROL),
  constants('L', LEAF),
  constants('S', CANDIDATE),
  constants('N', NODE),
].join('\n')
