import { join } from 'node:path'
import type { z } from 'zod'
import { systemClock } from '../../base/clock.ts'
import type { Scope } from '../../base/scope.ts'
import { diffVersions } from '../../data/datasets/diff/diff.ts'
import { allowAgain, beginForgetting, forgetEverywhere } from '../../data/datasets/forget/everywhere.ts'
import type { ForgetReport } from '../../data/datasets/forget/forget.ts'
import { writeIceberg } from '../../data/datasets/iceberg/metadata.ts'
import { compact, TARGET } from '../../data/datasets/keep/compact.ts'
import { retain } from '../../data/datasets/keep/retain.ts'
import { rejectedPage, setAsideBy } from '../../data/datasets/read/rejected.ts'
import { readRows, relationOf } from '../../data/datasets/read/rows.ts'
import { csvText, jsonLines } from '../../data/datasets/read/texts.ts'
import { scrub } from '../../data/datasets/scrub.ts'
import { sketchOf } from '../../data/datasets/sketches/version.ts'
import { openVersion } from '../../data/datasets/version.ts'
import { workOf } from '../../data/datasets/work.ts'
import { profileOf } from '../../data/profile/kept.ts'
import { ipcStream } from '../../engines/arrow/index.ts'
import type { Relation } from '../../engines/engine.ts'
import { createLedger } from '../../engines/ledger.ts'
import type { Engines } from '../../engines/plans.ts'
import { withinHome } from '../../runs/portable.ts'
import type { DatasetVersion, VersionOrigin } from '../../store/datasets.ts'
import { keyOf, limitOf, pageOf } from '../../store/page.ts'
import type { datasetVersion } from '../contract/datasets.ts'
import { told } from '../told.ts'
import type { ApiWare, NounHandlers } from './handlers.ts'
import { reading, streaming } from './removed.ts'
import { cursorAt, cursorOf, invalid, jsonOf, namesOf, placeOf, requireSame, selectionOf } from './selection.ts'

const present = (v: DatasetVersion): z.input<typeof datasetVersion> => ({
  name: v.name,
  version: v.version,
  rows: v.rows,
  bytes: v.bytes,
  hash: v.hash,
  created: v.created,
  run: v.run,
  origin: originIn(v),
  schema: fieldsOf(v.schema),
  parents: v.parents,
  details: v.details,
})
const originIn = ({ origin }: DatasetVersion) => {
  if (origin === null) return null
  const { workspace, version, run, recipe } = origin as VersionOrigin
  return { workspace, version, run, recipe }
}
const fieldsOf = (schema: unknown) => schema as z.input<typeof datasetVersion>['schema']

const enginesOf = ({ duckdb }: ApiWare, scope: Scope, signal: AbortSignal): Engines => ({
  ...{ duckdb, scope, signal },
  ledger: createLedger(),
})
const opened = ({ store }: ApiWare, { path }: DatasetVersion) => openVersion(join(store.home.datasets, path))

export const datasets: NounHandlers<'datasets'> = {
  profile: async ({ ware, scope, params, query, signal }) => {
    const v = await ware.store.datasets.get(scope, params.name, query.version)
    const asked = { target: query.target ?? null, release: ware.version }
    const found = await profileOf(enginesOf(ware, scope, signal), ware.store, v, asked)
    return { name: v.name, version: v.version, profile: { ...found } }
  },
  profiling: async ({ ware, scope, params, body, signal }) => {
    const v = await ware.store.datasets.get(scope, params.name, body.version)
    return told(signal, async (tell, signal) => {
      const asked = { target: body.target ?? null, release: ware.version, tell }
      const found = await profileOf(enginesOf(ware, scope, signal), ware.store, v, asked)
      return { name: v.name, version: v.version, profile: found }
    })
  },
  sketches: async ({ ware, scope, params, body, signal }) => {
    const { store } = ware
    const v =
      body.version === undefined
        ? await store.tags.resolve(scope, params.name)
        : await store.datasets.get(scope, params.name, body.version)
    const version = await opened(ware, v)
    return told(signal, async (tell, signal) => {
      const found = await sketchOf(enginesOf(ware, scope, signal), version, tell)
      return { name: v.name, version: v.version, ...found }
    })
  },
  list: async ({ ware, scope, query }) => {
    const page = await ware.store.datasets.list(scope, query)
    return { ...page, items: page.items.map((d) => ({ name: d.name, latest: d.latest })) }
  },
  versions: async ({ ware, scope, params, query }) => {
    await ware.store.datasets.get(scope, params.name)
    const page = await ware.store.datasets.versions(scope, params.name, query)
    return { ...page, items: page.items.map(present) }
  },
  get: async ({ ware: { store }, scope, params, query }) =>
    present(
      query.version === undefined
        ? await store.tags.resolve(scope, params.name)
        : await store.datasets.get(scope, params.name, query.version),
    ),
  tags: async ({ ware: { store }, scope, params, query }) => {
    await store.datasets.get(scope, params.name)
    const page = await store.tags.list(scope, params.name, query)
    return { ...page, items: page.items.map(({ tag, version, created }) => ({ tag, version, created })) }
  },
  tag: async ({ ware: { store }, scope, params: { name }, body: { tag, version } }) => {
    await store.transaction(scope, async (tx) => {
      if (version === null) await tx.tags.remove(scope, name, tag)
      else await tx.tags.set(scope, name, tag, version)
      await tx.events.record(scope, { action: 'dataset.tag', subject: name, details: { tag, version } })
    })
    return { tag, version }
  },
  rows: async ({ ware, scope, params, query, signal }) => {
    const place = placeOf(query)
    const named = await ware.store.tags.resolve(scope, params.name)
    const found = place ? await ware.store.datasets.get(scope, named.name, place.version) : named
    requireSame(place, found)
    const selection = selectionOf(query, found)
    const page = { from: place?.from ?? { file: 0, row: 0 }, limit: limitOf(query) }
    const { rows, schema, next } = await reading(ware.store, scope, found, async () =>
      readRows(enginesOf(ware, scope, signal), await opened(ware, found), selection, page),
    )
    return {
      ...{ version: found.version, schema: fieldsOf(schema), items: rows },
      ...(next ? { next: cursorAt(found, next) } : {}),
    }
  },
  export: async ({ ware, scope, params, query, signal }) => {
    const ctx = enginesOf(ware, scope, signal)
    const found = await ware.store.tags.resolve(scope, params.name)
    const selection = selectionOf(query, found)
    const relation = await reading(ware.store, scope, found, async () =>
      relationOf(ctx, await opened(ware, found), selection, query.limit),
    )
    const forms: Record<typeof query.format, (r: Relation) => { mediaType: string; bytes: AsyncIterable<Uint8Array> }> =
      {
        csv: (r) => ({ mediaType: 'text/csv; charset=utf-8', bytes: csvText(r, query.safe === 'true') }),
        json: (r) => ({ mediaType: 'application/jsonl; charset=utf-8', bytes: jsonLines(r) }),
        arrow: (r) => ({ mediaType: 'application/vnd.apache.arrow.stream', bytes: ipcStream(r, ctx.ledger) }),
      }
    const { mediaType, bytes } = forms[query.format](relation)
    return { mediaType, bytes: streaming(ware.store, scope, found, bytes) }
  },
  rejected: async ({ ware, scope, params, query, signal }) => {
    const aside = await setAsideBy(ware.store, scope, params.name, withinHome)
    const from = keyOf(query, 'moment') ?? 0
    const { rows, more } = await rejectedPage(enginesOf(ware, scope, signal), aside, from, limitOf(query))
    const next = more ? { next: pageOf([from + rows.length, 0], 1, (n) => n).next ?? '' } : {}
    return { of: aside.of, rejected: { ...aside.counts }, items: rows, ...next }
  },
  diff: async ({ ware, scope, params, query, signal }) => {
    const both = [await ware.store.tags.resolve(scope, params.name), await ware.store.tags.resolve(scope, query.with)]
    const [before, after] = [
      await opened(ware, both[0] as DatasetVersion),
      await opened(ware, both[1] as DatasetVersion),
    ]
    const key = query.key === undefined ? after.manifest.key : namesOf(query.key)
    return told(signal, async (tell, signal) => {
      const diff = await diffVersions(ware.duckdb, enginesOf(ware, scope, signal), [before, after], key, tell)
      const [a, b] = both.map((v) => ({ name: v.name, version: v.version, rows: v.rows }))
      return { before: a, after: b, ...diff }
    })
  },
  retain: async ({ ware: { store }, scope, params, body: { dryRun = false, ...retention } }) => {
    const { removed, kept, files, bytes } = await retain(store, scope, params.name, retention, dryRun)
    return { removed: [...removed], kept: [...kept], files, bytes }
  },
  compact: async ({ ware, scope, params: { name }, body: { target = TARGET }, signal }) => {
    await ware.store.datasets.get(scope, name)
    return told(signal, (tell, signal) => {
      const work = workOf(enginesOf(ware, scope, signal))
      const on = { name, target, now: systemClock.now(), tell: (done: number) => tell('files', done) }
      return compact(work, ware.store, scope, on)
    })
  },
  forget: async ({ ware, scope, params: { name: dataset }, body: { key, value, allow }, signal }) => {
    const { store } = ware
    if ((key === undefined) !== (value === undefined))
      throw invalid(
        'it is not said whose rows are meant',
        'a column and a value of it are needed',
        'give key and value',
      )
    await store.datasets.get(scope, dataset)
    if (key !== undefined && value !== undefined) {
      const asked = { dataset, column: key, value }
      if (allow) {
        const allowed = await allowAgain(enginesOf(ware, scope, signal), store, asked)
        return told(signal, async () => ({ allowed }))
      }
      await beginForgetting(enginesOf(ware, scope, signal), store, asked)
    }
    return told(signal, async (tell, signal) => {
      const reports: ForgetReport[] = []
      for (const forgetting of await store.forgettings.pending(scope, dataset))
        reports.push(await forgetEverywhere(enginesOf(ware, scope, signal), store, { forgetting, tell }))
      return reports
    })
  },
  iceberg: async ({ ware, scope, params }) => {
    const found = await ware.store.tags.resolve(scope, params.name)
    return { version: found.version, metadata: await writeIceberg(await opened(ware, found)) }
  },
  scrub: async ({ ware: { store }, scope, body, signal }) => {
    const [at, after] = body.cursor === undefined ? [undefined, ''] : scrubPlace(body.cursor)
    const first = async (past?: string) => {
      const page = await store.datasets.list(scope, {
        limit: 1,
        cursor: past === undefined ? undefined : cursorOf(past),
      })
      return page.items[0]?.name
    }
    if (body.name !== undefined) await store.datasets.get(scope, body.name)
    const dataset = at ?? body.name ?? (await first())
    if (dataset === undefined) return { files: 0, bytes: 0, damaged: [], dataset: null, done: 1 }
    const { next, damaged, ...done } = await scrub(store, scope, { dataset, after, signal })
    const following =
      next ?? (body.name === undefined ? await first(dataset).then((d) => d && { dataset: d, after: '' }) : undefined)
    return {
      ...{ ...done, dataset },
      damaged: damaged.map((d) => ({ ...d, versions: [...d.versions] })),
      ...(following ? { next: cursorOf(JSON.stringify([following.dataset, following.after])) } : {}),
    }
  },
}

function scrubPlace(cursor: string): [dataset: string, after: string] {
  const found = jsonOf(keyOf({ cursor }, 'string') ?? '', 'cursor')
  if (Array.isArray(found) && found.length === 2 && found.every((t) => typeof t === 'string'))
    return [found[0] as string, found[1] as string]
  throw invalid(
    'the cursor is not one of this list',
    'a cursor is the `next` of the answer before',
    'begin again without a cursor',
  )
}
