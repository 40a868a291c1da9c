import { join } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { mergedSketch } from '../../data/datasets/sketches/version.ts'
import { openVersion, scanFiles, type Version } from '../../data/datasets/version.ts'
import { anomaliesOf, anomalyText, LOOKED_AT, type Measured } from '../../data/quality/anomalies.ts'
import { type Checked, checkExpectations } from '../../data/quality/check.ts'
import type { Expectation, Verdict } from '../../data/quality/expectation.ts'
import type { FormerSketch } from '../../data/quality/former.ts'
import type { Metrics } from '../../data/quality/scan.ts'
import { rowsOf } from '../../engines/plans.ts'
import { build, type Node, plan } from '../../plan/nodes.ts'
import type { DatasetVersion } from '../../store/datasets.ts'
import type { NewQualityCheck } from '../../store/quality.ts'
import type { Store } from '../../store/store.ts'
import { boundPlan, type Rows } from '../inline.ts'
import type { Output, StepContext } from '../kind.ts'
import type { DatasetSpec } from '../specs.ts'
import { plural } from '../text.ts'
import type { TableOutput } from './table.ts'

type Context = StepContext<DatasetSpec>

/** The expectations of a dataset with the tables that they refer to bound to their files. */
export const boundExpectations = (ctx: Context): Expectation[] =>
  ctx.step.spec.expect.map((x) =>
    x.kind === 'references' ? { ...x, table: plan(boundPlan(x.table.root, (id) => ctx.input<Rows & Output>(id))) } : x,
  )

/** A version, where it is still there. */
const opened = (store: Store, v: DatasetVersion): Promise<Version | undefined> =>
  openVersion(join(store.home.datasets, v.path)).catch(() => undefined)
const scanned = ({ manifest, folder }: Version): Node => scanFiles(manifest.files, folder, manifest.schema)

/**
 * What sketches say of a version's columns. They are computed where most files stay from one version to the next, so that each is read once; files that a
 * full write replaces are not worth it.
 */
function sketchesOf(ctx: Context, version: Version): (column: string) => Promise<FormerSketch | undefined> {
  let merged: ReturnType<typeof mergedSketch> | undefined
  return async (column) => {
    if ((ctx.step.spec.write?.mode ?? 'full') === 'full') return undefined
    merged ??= mergedSketch(ctx, version)
    const found = await merged.catch((error: unknown) => {
      // its rows are asked then, and say what is wrong
      if (error instanceof GalleyError && error.code === 'STORE_CORRUPT') return undefined
      throw error
    })
    const own = found?.columns.get(column)
    return own && { rows: version.manifest.rows, column: own }
  }
}

/**
 * Checks what a step has just made, tells what is broken or unusual, and gives the record of it. One that stops the run is
 * recorded before it does.
 * @throws QUALITY_FAILED naming the expectation, how many rows break it and the first of them
 */
export async function checkQuality(
  ctx: Context,
  table: TableOutput,
  nulls?: Readonly<Record<string, number>>,
): Promise<{ verdicts: readonly Verdict[]; check: NewQualityCheck }> {
  const { store, scope, step } = ctx
  const expect = boundExpectations(ctx)
  const versions = (await store.datasets.versions(scope, step.id, { limit: LOOKED_AT })).items
  const former = versions[0]
  const wantsFormer = expect.some((x) => x.kind === 'steady') && former !== undefined
  const before = wantsFormer ? await opened(store, former) : undefined
  const rows = build({ op: 'scan', from: { kind: 'parquet', files: table.files }, schema: table.schema })
  const known = {
    started: ctx.started,
    formerRows: versions.map((v) => v.rows),
    former: before && scanned(before),
    ...(before ? { formerSketch: sketchesOf(ctx, before) } : {}),
    aside: table.rejected,
    ...(nulls ? { nulls } : {}),
  }
  const checked: Checked = await checkExpectations(rows, expect, known, (n) => rowsOf(ctx, n))
  const { verdicts, metrics } = checked
  const history = (await store.quality.list(scope, step.id, { limit: LOOKED_AT, published: true })).items
  const measured = history.map((h): Measured => ({ at: h.at, metrics: h.metrics as Metrics }))
  const anomalies = anomaliesOf({ at: ctx.started, metrics }, measured)
  for (const a of anomalies) ctx.say(anomalyText(a))
  const broken = verdicts.filter((v) => !v.passed)
  for (const v of broken) if (v.severity === 'warn') ctx.say(`expected: ${verdictText(v)}`)
  const stopping = broken.filter((v) => v.severity !== 'warn')
  const check = { dataset: step.id, version: null, run: ctx.run.id, verdicts, metrics, anomalies }
  if (stopping.length > 0) {
    await store.quality.record(scope, { ...check, passed: false })
    throw new GalleyError('QUALITY_FAILED', {
      what: `'${step.id}' breaks ${stopping.length} of its expectations`,
      why: stopping.map(verdictText).join('; '),
      fix: 'reject such rows with a reason, let them be set aside with quarantine(), or correct the expectation',
      details: {
        failed: Object.fromEntries(stopping.map((v) => [v.title, v.failed])),
        examples: Object.fromEntries(stopping.flatMap((v) => (v.examples ? [[v.title, v.examples]] : []))),
      },
    })
  }
  return { verdicts, check: { ...check, passed: true } }
}

/** A broken expectation in words: its title, what was found, and the first rows. */
export function verdictText(v: Verdict): string {
  const count =
    v.failed > 0
      ? `${plural(v.failed, 'row')}${v.failed < v.rows ? ` of ${v.rows.toLocaleString('en-US')}` : ''}`
      : undefined
  const found = [count, v.found].filter((x) => x !== undefined).join(', ')
  const examples = v.examples && v.examples.length > 0 ? ` (first ${v.examples.map((e) => `[${e}]`).join(' ')})` : ''
  return `${v.title}${found ? `: ${found}` : ''}${examples}`
}
