import { hashJson } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import { ownValue } from '../base/own.ts'
import { diffPlans } from '../plan/diff.ts'
import { diffText } from '../plan/diff-text.ts'
import type { Expr } from '../plan/expr.ts'
import { loadPlan } from '../plan/json/index.ts'
import type { Node, Plan } from '../plan/nodes.ts'
import { printExpr } from '../plan/print.ts'
import { hashPlan } from '../plan/walk.ts'
import type { Recipe, Step } from './specs.ts'

/** What a step's key is made of; each part stands for all that it is a hash of. */
export interface KeyParts {
  readonly galley: string
  readonly kind: string
  /** Of the spec, or of what stands for it: a source's content. */
  readonly spec: string
  /** Of the code that computes it. */
  readonly code: string
  /** Of what it reads, by step. */
  readonly inputs: readonly (readonly [step: string, hash: string])[]
}

/** A step as an earlier run had it. */
export interface EarlierStep {
  readonly parts: KeyParts
  readonly step: Step
}

/** What stands in a key beside the spec, by kind of step. */
const OTHERWISE: Readonly<Record<string, string>> = {
  source: 'what it reads has changed',
  process: 'a file that it is given has changed, or the program that its command names, or its image',
  dataset: 'the version that it goes on from is another, or somebody was forgotten, or a check asks for the day',
  analyse: 'the version that it tells of is another, or what was set aside or found of it',
  statistics: 'the version that it asks is another',
  onnx: 'its file has changed, or the plan that its data came from',
  serve: 'what it is served from is another',
}

/** Why a step runs again: what of its key is not what it was, one sentence each; none when nothing differs. */
export function because(step: Step, parts: KeyParts, before: EarlierStep): string[] {
  const was = before.parts
  const told: string[] = []
  if (parts.kind !== was.kind) told.push(`it was of the kind ${was.kind}, and is of ${parts.kind}`)
  const spec = specChanges(before.step.spec, step.spec)
  told.push(...spec)
  if (spec.length === 0 && parts.spec !== was.spec)
    told.push(OTHERWISE[step.kind] ?? 'what it is made of beside its inputs has changed')
  const inputs = new Map(was.inputs)
  const others = parts.inputs.filter(([id, hash]) => inputs.get(id) !== hash).map(([id]) => id)
  for (const id of others) told.push(inputs.has(id) ? `'${id}' changed` : `it reads '${id}' now`)
  for (const id of inputs.keys()) if (!parts.inputs.some(([now]) => now === id)) told.push(`it reads '${id}' no more`)
  if (parts.galley !== was.galley) told.push(`Galley is ${parts.galley}, and was ${was.galley}`)
  else if (parts.code !== was.code) told.push(`Galley's own code for a step of the kind ${parts.kind} changed`)
  return told
}

export interface StepChange {
  readonly step: string
  readonly change: 'added' | 'removed' | 'changed'
  readonly changes: readonly string[]
}

/** How two recipes differ, step by step in the order of the later one. */
export function diffRecipes(before: Recipe, after: Recipe): StepChange[] {
  const was = new Map(before.steps.map((s) => [s.id, s]))
  const now = new Set(after.steps.map((s) => s.id))
  return [
    ...after.steps.flatMap((s): StepChange[] => {
      const b = was.get(s.id)
      if (!b) return [{ step: s.id, change: 'added', changes: [] }]
      const changes = [
        ...(b.kind === s.kind ? [] : [`it was of the kind ${b.kind}, and is of ${s.kind}`]),
        ...specChanges(b.spec, s.spec),
      ]
      return changes.length > 0 ? [{ step: s.id, change: 'changed', changes }] : []
    }),
    ...before.steps
      .filter((s) => !now.has(s.id))
      .map((s): StepChange => ({ step: s.id, change: 'removed', changes: [] })),
  ]
}

type Fields = Readonly<Record<string, unknown>>

/** How two specs differ: plans by what they mean, all else by its place. */
export function specChanges(before: unknown, after: unknown): string[] {
  if (before === undefined || hashJson(plain(before)) === hashJson(plain(after))) return []
  const [a, b] = [before as Fields, after as Fields]
  const { plan: planA, ...restA } = a
  const { plan: planB, ...restB } = b
  const told = planA && planB ? planChanges(planA, planB) : []
  return [...told, ...fieldChanges(readable(restA), readable(restB), '')]
}

/** A spec with the conditions of its parts as people write them. */
function readable(spec: Fields): Json {
  const { split } = spec as { split?: Readonly<Record<string, Expr>> | null }
  if (!split) return plain(spec)
  const parts = Object.entries(split).map(([part, condition]) => [part, printExpr(condition)])
  return plain({ ...spec, split: Object.fromEntries(parts) })
}

/** A plan of an older format may mean nothing here: then its hash says that it changed. */
function planChanges(before: unknown, after: unknown): string[] {
  try {
    const [a, b] = [loadPlan(before), loadPlan(plain(after)) as Plan]
    const told = diffText(diffPlans(a, b))
    return told.length > 0 || hashPlan(a) === hashPlan(b) ? told : otherwise(a.root, b.root)
  } catch {
    return ['its plan changed']
  }
}

/** How plans differ whose columns and rows are made the same way: in what is said of columns, and in the order of columns and verbs. */
function otherwise(before: Node, after: Node): string[] {
  const names = (n: Node) => n.schema.map((f) => f.name).join(', ')
  if (names(before) !== names(after)) return [`its columns stand in another order: ${names(after)}`]
  const told = after.schema.flatMap((f, i) =>
    hashJson(plain(f)) === hashJson(plain(before.schema[i])) ? [] : [`column '${f.name}' is described otherwise`],
  )
  return told.length > 0 ? told : ['its verbs stand in another order, which may choose other rows']
}

/** Places that are told one by one; more are counted. */
const MOST = 8

function fieldChanges(before: Json | undefined, after: Json | undefined, at: string): string[] {
  const told: string[] = []
  const walk = (a: Json | undefined, b: Json | undefined, place: string): void => {
    if (hashJson(a ?? null) === hashJson(b ?? null)) return
    if (isObject(a) && isObject(b))
      for (const key of new Set([...Object.keys(a), ...Object.keys(b)]))
        walk(ownValue(a, key), ownValue(b, key), place ? `${place}.${key}` : key)
    else if (Array.isArray(a) && Array.isArray(b) && a.length === b.length)
      for (const [i, x] of a.entries()) walk(x, b[i], `${place}[${i}]`)
    else if (said(a) === said(b)) told.push(`${place} changed${lengths(a, b)}`)
    else told.push(`${place}: ${said(a)} → ${said(b)}`)
  }
  walk(before, after, at)
  return told.length <= MOST ? told : [...told.slice(0, MOST), `${told.length - MOST} more places changed`]
}

const lengths = (a: Json | undefined, b: Json | undefined): string =>
  Array.isArray(a) && Array.isArray(b) && a.length !== b.length ? `: ${a.length} of them, and now ${b.length}` : ''

const isObject = (x: Json | undefined): x is { readonly [key: string]: Json | undefined } =>
  typeof x === 'object' && x !== null && !Array.isArray(x)

function said(x: Json | undefined): string {
  if (x === undefined) return 'nothing'
  const text = JSON.stringify(x)
  return text.length <= 120 ? text : `${text.slice(0, 119)}…`
}

/** As it is stored: what was not given is not there. */
const plain = (x: unknown): Json => JSON.parse(JSON.stringify(x ?? null)) as Json
