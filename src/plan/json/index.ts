import { GalleyError } from '../../base/errors.ts'
import { checkNames } from '../names.ts'
import { build, type Node, nodeChildren, PLAN_FORMAT, type Plan, plan } from '../nodes.ts'
import { nodes, sharedParts } from '../walk.ts'
import { checkSize, LIMITS, list, object, wrong } from './check.ts'
import { checkNode, inputNames } from './node.ts'

/**
 * A plan as it is saved: its nodes in a list, each after its inputs, which it names by their places. A node that is used
 * twice is written once; only scans carry a schema, the others' follows.
 */
export interface SavedPlan {
  readonly format: typeof PLAN_FORMAT
  readonly nodes: readonly Readonly<Record<string, unknown>>[]
}

/** A plan as plain JSON. */
export function savePlan(p: Plan): SavedPlan {
  const places = new Map<Node, number>()
  const saved = [...nodes(p.root)].map((n, i) => {
    places.set(n, i)
    const { schema, ...own } = n
    const inputs = Object.fromEntries(
      inputNames(n.op).map((name, j) => [name, places.get(nodeChildren(n)[j] as Node) as number]),
    )
    return { ...own, ...inputs, ...(n.op === 'scan' ? { schema } : {}) }
  })
  return { format: PLAN_FORMAT, nodes: saved }
}

/**
 * Reads a plan from JSON of any origin: `savePlan`'s, or a plan as an object, of this format or an earlier one. Every
 * field is checked, then every node is built anew, so what comes back is as sound as a plan from a recipe.
 *
 * @throws PLAN_FORMAT_NEWER, PLAN_INVALID with the place, PLAN_* for what its nodes would refuse
 */
export function loadPlan(json: unknown): Plan {
  checkSize(json)
  const top = object(json, '')
  const { format } = top
  if (typeof format !== 'number' || !Number.isInteger(format) || format < 1)
    throw wrong('format', 'it has no format number')
  if (format > PLAN_FORMAT)
    throw new GalleyError('PLAN_FORMAT_NEWER', {
      what: `the plan has format ${format}`,
      why: `this Galley reads formats up to ${PLAN_FORMAT}`,
      fix: 'upgrade Galley',
    })
  return plan(top['nodes'] === undefined ? fromTree(top['root']) : fromList(top['nodes']))
}

function fromList(json: unknown): Node {
  const raw = list(json, 'nodes')
  if (raw.length > LIMITS.nodes) throw wrong('nodes', `it has more than ${LIMITS.nodes} nodes`)
  const built: Node[] = []
  for (const [i, entry] of raw.entries()) {
    const at = `nodes[${i}]`
    const n = checkNode(entry, at)
    const inputs = Object.fromEntries(
      inputNames(String(n['op'])).map((name) => {
        const place = n[name]
        const input = typeof place === 'number' && place < i ? built[place] : undefined
        if (!input) throw wrong(`${at}.${name}`, 'it names no node before it')
        return [name, input]
      }),
    )
    built.push(rebuilt({ ...n, ...inputs }, at))
  }
  const root = built.at(-1)
  if (!root) throw wrong('nodes', 'it is empty')
  return root
}

/** The nested form, read without recursion: the deepest nodes first. */
function fromTree(json: unknown): Node {
  const todo: { raw: unknown; at: string }[] = [{ raw: json, at: 'root' }]
  const found: { raw: Readonly<Record<string, unknown>>; at: string }[] = []
  for (let next = todo.pop(); next; next = todo.pop()) {
    const raw = checkNode(next.raw, next.at)
    found.push({ raw, at: next.at })
    if (found.length > LIMITS.nodes) throw wrong('root', `it has more than ${LIMITS.nodes} nodes`)
    for (const name of inputNames(String(raw['op']))) todo.push({ raw: raw[name], at: `${next.at}.${name}` })
  }
  const built = new Map<unknown, Node>()
  for (const { raw, at } of found.reverse()) {
    const inputs = Object.fromEntries(inputNames(String(raw['op'])).map((name) => [name, built.get(raw[name])]))
    built.set(raw, rebuilt({ ...raw, ...inputs }, at))
  }
  return sharedParts(built.get(json) as Node)
}

function rebuilt(n: Readonly<Record<string, unknown>>, at: string): Node {
  const { schema, ...own } = n
  try {
    const node = build({ ...own, ...(n['op'] === 'scan' ? { schema } : {}) } as unknown as Parameters<typeof build>[0])
    checkNames(node.schema)
    return node
  } catch (error) {
    if (!(error instanceof GalleyError)) throw error
    throw new GalleyError(error.code, {
      what: error.what,
      why: [error.why, `at ${at} of the plan`].filter(Boolean).join('; '),
      ...(error.fix ? { fix: error.fix } : {}),
      details: { ...error.details, at },
      cause: error,
    })
  }
}
