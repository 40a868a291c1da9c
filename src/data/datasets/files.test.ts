import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { syncedBy } from '../../store/testing/synced.ts'
import { publishFolder } from './files.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'galley-publish-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const drafted = (name: string) => {
  const draft = join(root, name)
  mkdirSync(draft)
  for (const file of ['data.parquet', 'manifest.json']) writeFileSync(join(draft, file), file)
  return draft
}

it('a folder is published with its files, its names and those above it on disk', async () => {
  const draft = drafted('draft')
  const synced = await syncedBy(() => publishFolder(draft, join(root, 'datasets', 'shop', 'orders', 'v1')))
  for (const inside of ['', '/data.parquet', '/manifest.json']) expect(synced).toContain(`${draft}${inside}`)
  for (const name of ['', 'datasets', 'datasets/shop', 'datasets/shop/orders'])
    expect(synced).toContain(join(root, name))
  // its new name comes last: nobody sees it before what it holds is there
  expect(synced.at(-1)).toBe(join(root, 'datasets/shop/orders'))
  expect(readdirSync(join(root, 'datasets/shop/orders/v1'))).toEqual(['data.parquet', 'manifest.json'])
})

it('where folders stood before, each of their names is brought to the disk once a process', async () => {
  const orders = join(root, 'datasets', 'shop', 'orders')
  mkdirSync(orders, { recursive: true })
  const first = await syncedBy(() => publishFolder(drafted('one'), join(orders, 'v1')))
  expect(first).toEqual(expect.arrayContaining([join(root, 'datasets'), join(root, 'datasets/shop'), orders]))
  const second = await syncedBy(() => publishFolder(drafted('two'), join(orders, 'v2')))
  expect(second.filter((path) => path.startsWith(join(root, 'datasets')))).toEqual([orders])
})
