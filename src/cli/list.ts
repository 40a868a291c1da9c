import { type Command, InvalidArgumentError } from 'commander'
import type { Client } from '../sdk/index.ts'
import { DEFAULT_WORKSPACE } from '../tenancy/workspace.ts'
import { reach } from './context.ts'
import { print, table } from './output.ts'

export interface ListOptions {
  limit?: number
  cursor?: string
  json?: boolean
}

export function count(text: string): number {
  const n = Number(text)
  if (!Number.isInteger(n) || n < 1) throw new InvalidArgumentError('give a whole number from 1 on')
  return n
}

/** Days that something is kept; 0 keeps nothing of what is not needed. */
export function days(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= MOST_DAYS) return Number(text)
  throw new InvalidArgumentError(
    `give a whole number of days from 0 (keep only what something needs) to ${MOST_DAYS.toLocaleString('en-US')}`,
  )
}
const MOST_DAYS = 36_500

/** `name@3` as it is printed, or a name and `--version`. */
export function versionOf(given: string, version?: number): { name: string; version?: number } {
  const [, name, at] = /^(.*)@(\d+)$/.exec(given) ?? []
  const asked = version ?? (at === undefined ? undefined : count(at))
  return { name: name ?? given, ...(asked === undefined ? {} : { version: asked }) }
}

export function port(text: string): number {
  const n = Number(text)
  if (!Number.isInteger(n) || n < 0 || n > 65535) throw new InvalidArgumentError('give a port number, 0 to 65535')
  return n
}

/** Adds what every list takes. */
export const listOptions = (command: Command): Command =>
  command
    .option('--limit <n>', 'items a page, at most 500', count)
    .option('--cursor <cursor>', 'what follows an earlier page')
    .option('--json', 'print JSON')

/** Asks for one page and prints it, as a table or JSON. */
export async function printPage<T>(
  options: ListOptions,
  ask: (
    client: Client,
    page: { limit?: number; cursor?: string },
  ) => Promise<{ items: readonly T[]; next?: string | undefined }>,
  head: readonly string[],
  row: (item: T) => readonly (string | number | null)[],
  empty: string,
  within = withClient,
): Promise<void> {
  await within(async (client) => {
    const page = await ask(client, {
      ...(options.limit ? { limit: options.limit } : {}),
      ...(options.cursor ? { cursor: options.cursor } : {}),
    })
    if (options.json) return print(JSON.stringify(page))
    if (page.items.length === 0) return print(empty)
    print(table(head, page.items.map(row)))
    if (page.next) print(`more: --cursor ${page.next}`)
  })
}

/** Works with a client that asks from the workspace that is always there, whichever is set. */
export async function withAll<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const { client, close } = await reach(undefined, DEFAULT_WORKSPACE)
  try {
    return await work(client)
  } finally {
    await close()
  }
}

/** Works with a client; `endpoint` is one that it will ask. */
export async function withClient<T>(work: (client: Client) => Promise<T>, endpoint?: string): Promise<T> {
  const { client, close } = await reach(endpoint)
  try {
    return await work(client)
  } finally {
    await close()
  }
}
