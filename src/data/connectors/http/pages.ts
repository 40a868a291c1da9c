import { open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { GalleyError } from '../../../base/errors.ts'
import type { Progress } from '../../../engines/engine.ts'
import { metered } from './download.ts'
import { Again, good, ofNetwork, type Reach, retried, shown } from './reach.ts'

/** How the pages of an answer follow each other. Places in a page are JSON pointers (`/data`, `/links/next`). */
export interface Pages {
  /** Where the rows are; the page itself when not given. */
  readonly rows?: string
  /** `link` for the header Link, or where the next page's address is. */
  readonly next?: string
  /** A parameter that counts pages, until one has no rows. */
  readonly page?: string
  /** The number of the first page, 1 when not given. */
  readonly from?: number
  /** A parameter that counts rows, until a page has fewer than `size`. */
  readonly offset?: string
  readonly size?: number
  /** A parameter that takes what stands `at` a place of the page before. */
  readonly cursor?: string
  readonly at?: string
  /** Pages beyond which it is stopped, 100,000 when not given. */
  readonly most?: number
}

const MOST_PAGES = 100_000
const PAGE_BYTES = 64 << 20

interface Parser {
  parse(text: string, reviver: (key: string, value: unknown, about: { source?: string }) => unknown): unknown
  rawJSON(text: string): unknown
}
/** With the digits of numbers as they stand: those that no JavaScript number has are not rounded. */
const parsed = (text: string): unknown => {
  const { parse, rawJSON } = JSON as unknown as Parser
  return parse(text, (_, value, { source }) => (typeof value === 'number' && source ? rawJSON(source) : value))
}

function at(value: unknown, pointer: string): unknown {
  let here = value
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    here = typeof here === 'object' && here !== null && Object.hasOwn(here, key) ? (here as Record<string, unknown>)[key] : undefined // biome-ignore format: one line
  }
  return here
}

/** The address that a header Link calls next. */
const linked = (header: string | undefined): string | undefined =>
  header
    ?.split(/,(?=\s*<)/)
    .map((link) => /^\s*<([^>]*)>(.*)$/s.exec(link))
    .find((found) => /;\s*rel\s*=\s*("[^"]*\bnext\b[^"]*"|next\b)/i.test(found?.[2] ?? ''))?.[1]

interface Page {
  readonly value: unknown
  readonly link: string | undefined
}

/** A page, whole or not at all. */
const pageAt = (r: Reach, url: string): Promise<Page> =>
  retried(r, async () => {
    const got = await good(r, url, { 'accept-encoding': 'gzip', accept: 'application/json' })
    const chunks: Buffer[] = []
    const meter = metered({ ...r, mostBytes: Math.min(r.mostBytes, PAGE_BYTES) }, 0, () => {})
    const plain = got.headers['content-encoding'] === 'gzip' ? got.body.pipe(createGunzip()) : got.body
    got.body.once('error', (error) => meter.destroy(error))
    plain.once('error', (error) => meter.destroy(new Again(error.message)))
    try {
      for await (const chunk of plain.pipe(meter)) chunks.push(chunk as Buffer)
    } catch (error) {
      throw ofNetwork(error, url)
    } finally {
      got.body.destroy()
    }
    try {
      return { value: parsed(Buffer.concat(chunks).toString('utf8')), link: linked(got.headers.link as string) }
    } catch (cause) {
      throw new GalleyError('SOURCE_BROKEN', {
        what: `${shown(url)} does not answer with JSON`,
        why: (cause as Error).message,
        fix: 'check the address; a file is read without the option pages',
        cause,
      })
    }
  })

/** Writes the rows of all pages as JSON, one a line. @throws SOURCE_BROKEN for pages that lead nowhere, or in a circle */
export async function readPages(
  r: Reach,
  pages: Pages,
  target: string,
  progress: (p: Progress) => void,
): Promise<void> {
  const first = new URL(r.url)
  const numbered = (name: string, value: number | string) => {
    const url = new URL(first)
    url.searchParams.set(name, String(value))
    return url
  }
  const size = pages.size ?? 100
  const start = () => {
    if (pages.page !== undefined) return numbered(pages.page, pages.from ?? 1)
    return pages.offset === undefined ? first : numbered(pages.offset, 0)
  }
  const seen = new Set<string>()
  const file = await open(target, 'w')
  try {
    let [url, rows, n]: [URL | undefined, number, number] = [start(), 0, 0]
    while (url) {
      if (seen.has(url.href) || n >= (pages.most ?? MOST_PAGES)) throw endless(r, n)
      seen.add(url.href)
      const { value, link } = await pageAt(r, url.href)
      const list = at(value, pages.rows ?? '')
      if (!Array.isArray(list)) throw noRows(url.href, pages.rows)
      let text = ''
      for (const row of list) text += `${JSON.stringify(row)}\n`
      await file.write(text)
      rows += list.length
      n++
      progress({ done: rows, unit: 'rows' })
      url = nextOf(list.length)

      function nextOf(count: number): URL | undefined {
        if (pages.page !== undefined) return count === 0 ? undefined : numbered(pages.page, (pages.from ?? 1) + n)
        if (pages.offset !== undefined) return count < size ? undefined : numbered(pages.offset, rows)
        const told = pages.cursor === undefined ? undefined : textOf(at(value, pages.at ?? ''))
        if (pages.cursor !== undefined) return told === undefined ? undefined : numbered(pages.cursor, told)
        const to = pages.next === 'link' ? link : textOf(at(value, pages.next ?? '/next'))
        return to === undefined ? undefined : sameOrigin(new URL(to, url), first)
      }
    }
    // a file of nothing would be no JSON
    if (rows === 0) await file.write('[]\n')
  } finally {
    await file.close()
  }
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value
  // numbers are kept as they stand
  return value === undefined || value === null || value === false ? undefined : JSON.stringify(value)
}

function sameOrigin(url: URL, first: URL): URL {
  if (url.origin === first.origin) return url
  throw new GalleyError('SOURCE_REFUSED', {
    what: `${first.host} leads to ${url.host} for its next page`,
    why: 'the credentials are for the first one only',
    fix: 'read that one as a source of its own',
  })
}

const endless = (r: Reach, n: number): GalleyError =>
  new GalleyError('SOURCE_BROKEN', {
    what: `the pages of ${shown(r.url)} do not end`,
    why: `after ${n} the next one is one that was read, or there are more than the option most takes`,
    fix: 'check how its pages follow each other: the option pages says it',
  })

const noRows = (url: string, rows: string | undefined): GalleyError =>
  new GalleyError('SOURCE_BROKEN', {
    what: `a page of ${shown(url)} has no list of rows`,
    why: rows ? `at ${rows} there is none` : 'the page itself is none',
    fix: "say where it is: { pages: { rows: '/data', … } }",
  })
