import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import type { SourceSpec } from '../../data/connectors/connector.ts'
import { MANIFEST, nullsIn, type WriteMode } from '../../data/datasets/manifest.ts'
import type { Verdict } from '../../data/quality/expectation.ts'
import { withQuarantine } from '../../data/quality/quarantine.ts'
import { codeHash } from '../code.ts'
import { computeGrown } from '../incremental/compute.ts'
import { withLatest } from '../incremental/latest.ts'
import { lineage } from '../inline.ts'
import type { Output, StepContext, StepKind, StepResult } from '../kind.ts'
import type { DatasetSpec } from '../specs.ts'
import { integer, plural } from '../text.ts'
import { withoutForgotten } from './forgotten.ts'
import { checkQuality } from './quality.ts'
import { type Computed, computeRows } from './rows.ts'
import type { SourceOutput } from './source.ts'
import { summarise, type TableOutput, whole } from './table.ts'
import { type Base, type Draft, draftVersion, newestOf, publishDraft } from './version.ts'

export interface DatasetOutput extends TableOutput {
  readonly name: string
  readonly version: number
  readonly verdicts: readonly Verdict[]
  /** How the rows of this run came into the version, and how many they were. */
  readonly write?: { readonly mode: WriteMode; readonly rows: number; readonly contained: boolean }
}

/** Publishes a version of a dataset: unfitted features, checked, immutable, with its manifest. */
export const datasetStep: StepKind<DatasetSpec, DatasetOutput> = {
  kind: 'dataset',
  module: import.meta.url,
  // what a write goes on from is read beside the spec: after another version, the same rows give another one
  async identity(spec, { scope, store, step, started }) {
    // what is fresh today may be stale tomorrow
    const fresh = spec.expect.some((x) => x.kind === 'fresh') ? { ...spec, started } : spec
    // rows are left out from the moment on that somebody is forgotten, and come again once that is lifted
    const suppressed = await store.suppressions.of(scope, step.id)
    const dated = suppressed ? { ...fresh, suppressed: suppressed.keys } : fresh
    if (!spec.write || spec.write.mode === 'full') return dated
    return { ...dated, base: (await store.datasets.find(scope, step.id))?.hash ?? null }
  },
  async run(ctx) {
    const { spec, id } = ctx.step
    const base = await newestOf(ctx, spec)
    if (spec.incremental) return grownVersion(ctx, base)
    const computed = await withoutForgotten(ctx, await computeRows(ctx, withQuarantine(spec.plan.root, spec.expect)))
    if (base && spec.write?.mode === 'append') warnOfRepeats(ctx)
    // a partition may have no rows
    if (computed.rows === 0 && !spec.write?.replaces && (!base || !spec.write || spec.write.mode === 'full'))
      throw empty(ctx)
    return drafted(ctx, id, computed, await draftVersion(ctx, computed, base))
  },
  present: whole,
  summary(o) {
    return `${o.name}@${o.version}  ${summarise(o)}${written(o.write)}${passedText(o.verdicts)}`
  },
}

/** A version that goes on from the one before with what its inputs have more, where that gives the same rows. */
async function grownVersion(ctx: StepContext<DatasetSpec>, base: Base | undefined): Promise<StepResult<DatasetOutput>> {
  const { spec, id } = ctx.step
  const upsert = spec.write?.mode === 'upsert'
  const suppressed = await ctx.store.suppressions.of(ctx.scope, id)
  const grown = await computeGrown(ctx, withQuarantine(spec.plan.root, spec.expect), {
    by: [codeHash(import.meta.url), spec.write ?? null, suppressed?.keys ?? null],
    // a whole is added to where it is the newest version still; rows with a key come into whatever there is
    stands: (former) => base !== undefined && (upsert || former.output.hash === base.hash),
    groups: !upsert,
  })
  const added = grown.how === 'rows'
  const rows = added && upsert && base ? await withLatest(ctx, grown.computed, base) : grown.computed
  const left = await withoutForgotten(ctx, rows)
  if (left.rows === 0 && !added) throw empty(ctx)
  const computed = added || upsert ? { ...left, before: grown.batch } : left
  const write = { partitionBy: [], key: [], ...spec.write, mode: 'append' } as const
  const writing = added && !upsert ? { ...ctx, step: { ...ctx.step, spec: { ...spec, write } } } : ctx
  const result = await drafted(writing, id, computed, await draftVersion(writing, computed, base))
  return {
    output: result.output,
    async publish(tx) {
      const output = { ...((await result.publish?.(tx)) ?? result.output), ...grown.told }
      await grown.remember(tx, output)
      return output
    },
    async rebase(error) {
      if (!isOvertaken(error, id)) return undefined
      ctx.say(`${error.what}: it begins again from there`)
      return grownVersion(ctx, await newestOf(ctx, spec))
    },
  }
}

/** How a write is told, where it was not the whole. */
function written(write: DatasetOutput['write']): string {
  if (!write || write.mode === 'full') return ''
  if (write.contained) return write.rows === 0 ? '  nothing new' : '  holds these rows already'
  return `  ${write.mode} ${integer(write.rows)}`
}

/** A source that keeps what it read gives all of it each time: an append would store it again. */
function warnOfRepeats(ctx: StepContext<DatasetSpec>): void {
  for (const id of lineage(ctx.recipe, ctx.step.id)) {
    if (ctx.recipe.steps.find((s) => s.id === id)?.kind !== 'source') continue
    const [before = 0, all = 0] = ctx.input<Partial<SourceOutput> & Output>(id).stood ?? []
    if (before > 0)
      ctx.say(
        `append adds all ${plural(all, 'row')} that '${id}' gives, also the ${integer(before)} that it gave before: they stand in it twice; write: 'full' reads nothing again and holds each once, 'upsert' replaces rows by their key`,
      )
  }
}

function empty(ctx: StepContext<DatasetSpec>): GalleyError {
  const bare = ctx.step.inputs.find((input) => ctx.input<Partial<TableOutput> & Output>(input).rows === 0)
  const from = ctx.recipe.steps.find((s) => s.id === bare)?.spec as Partial<SourceSpec> | undefined
  const pushed = from?.connector === 'push' ? from : undefined
  return new GalleyError('DATASET_EMPTY', {
    what: `the dataset '${ctx.step.id}' would be empty`,
    why: bare
      ? `'${bare}', which it is made of, has no rows`
      : 'every row was rejected, filtered out or found no partner',
    fix: bare
      ? pushed
        ? `push to it first: galley push ${pushed.path} FILE`
        : `look at where '${bare}' comes from`
      : 'look at the conditions of its plan, and at the reasons above',
  })
}

function passedText(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return ''
  const passed = verdicts.filter((v) => v.passed).length
  const warned = verdicts.length - passed
  return `  ${passed} check${passed === 1 ? '' : 's'} passed${warned > 0 ? `, ${warned} warned` : ''}`
}

/** A folder that stood without a version for long may have been taken for a killed writer's. @throws STORE_CONFLICT */
function requireThere(dataset: string, { folder }: TableOutput): void {
  if (existsSync(join(folder, MANIFEST))) return
  throw new GalleyError('STORE_CONFLICT', {
    what: `the folder of a new version of '${dataset}' was removed before it was published`,
    why: 'somebody was forgotten meanwhile',
    fix: 'run the recipe again',
    details: { dataset },
  })
}

const isOvertaken = (error: unknown, id: string): error is GalleyError =>
  error instanceof GalleyError && error.details['dataset'] === id

/** What a draft leaves, once it is checked; begun again from the newest version where another writer was first. */
async function drafted(
  ctx: StepContext<DatasetSpec>,
  id: string,
  computed: Computed,
  draft: Draft,
): Promise<StepResult<DatasetOutput>> {
  const { verdicts, check } = await checkQuality(ctx, draft.checked, nullsIn(draft.manifest))
  const table = await publishDraft(ctx, draft)
  const { mode } = draft
  const write = { mode, rows: computed.rows, contained: draft.contained }
  const output: DatasetOutput = {
    ...table,
    ...{ name: id, version: draft.base?.version ?? 0, verdicts },
    ...(ctx.step.spec.write ? { write } : {}),
  }
  return {
    output,
    async publish(tx) {
      // the same content as the newest version is that version
      const newest = await tx.datasets.find(ctx.scope, id)
      if (newest?.hash === output.hash) {
        await tx.quality.record(ctx.scope, { ...check, version: newest.version })
        return { ...output, version: newest.version }
      }
      // a whole that shares files needs the version that they are of to be there still
      const alone = mode === 'full' && !draft.manifest.files.some((f) => f.path.startsWith('../'))
      const after = alone ? undefined : { version: 0, ...draft.base?.from }
      const published = await tx.datasets.publish(ctx.scope, draft.record(table, verdicts), after)
      requireThere(id, table)
      await tx.quality.record(ctx.scope, { ...check, version: published.version })
      return { ...output, version: published.version }
    },
    async rebase(error) {
      if (!isOvertaken(error, id)) return undefined
      ctx.say(`${error.what}: it begins again from there`)
      return drafted(ctx, id, computed, await draftVersion(ctx, computed, await newestOf(ctx, ctx.step.spec)))
    },
  }
}
