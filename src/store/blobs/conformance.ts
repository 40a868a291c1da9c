import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sha256 } from '../../base/hash.ts'
import { openTempFolder, type TempFolder } from '../files.ts'
import type { Blobs } from './blobs.ts'

/** What a test needs of an implementation: itself, and a way to damage what it keeps. */
export interface BlobsUnderTest {
  readonly blobs: Blobs
  damage(workspace: string, hash: string): void
}

const scope = { workspace: 'one', caller: 'test' }
const other = { workspace: 'two', caller: 'test' }

async function* inChunks(text: string, size: number): AsyncIterable<Uint8Array> {
  for (let i = 0; i < text.length; i += size) yield Buffer.from(text.slice(i, i + size))
}

async function gather(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all).toString()
}

/** The suite that every implementation of `Blobs` passes. */
export function blobsConformance(name: string, make: (root: string, tmp: TempFolder) => BlobsUnderTest): void {
  describe(`blobs: ${name}`, () => {
    let root: string
    let tmp: TempFolder
    let { blobs, damage } = {} as BlobsUnderTest

    beforeEach(() => {
      root = mkdtempSync(join(tmpdir(), 'galley-blobs-'))
      tmp = openTempFolder(join(root, 'tmp'))
      ;({ blobs, damage } = make(join(root, 'blobs'), tmp))
    })
    afterEach(() => rmSync(root, { recursive: true, force: true }))

    const text = 'some content, '.repeat(1000)

    it('gives back what was put, from every kind of source', async () => {
      const file = join(root, 'source.txt')
      writeFileSync(file, text)
      const refs = [
        await blobs.put(scope, text),
        await blobs.put(scope, Buffer.from(text)),
        await blobs.put(scope, inChunks(text, 333)),
        await blobs.put(scope, { file }),
      ]
      for (const ref of refs) expect(ref).toEqual({ hash: sha256(text), bytes: text.length })
      expect(Buffer.from(await blobs.get(scope, sha256(text))).toString()).toBe(text)
      expect(await gather(blobs.open(scope, sha256(text)))).toBe(text)
      expect(readFileSync(await blobs.path(scope, sha256(text)), 'utf8')).toBe(text)
      expect(await blobs.verify(scope, sha256(text))).toEqual(refs[0])
      expect((await blobs.list(scope)).items).toEqual([refs[0]])
    })

    it('moves a file in when told to, and leaves it otherwise', async () => {
      const [kept, moved] = [join(root, 'kept'), join(root, 'moved')]
      writeFileSync(kept, 'kept')
      writeFileSync(moved, 'moved')
      await blobs.put(scope, { file: kept })
      const { hash } = await blobs.put(scope, { file: moved, move: true })
      expect(readFileSync(kept, 'utf8')).toBe('kept')
      expect(() => readFileSync(moved)).toThrow(/ENOENT/)
      expect(await gather(blobs.open(scope, hash))).toBe('moved')
    })

    it('keeps an empty one', async () => {
      const ref = await blobs.put(scope, '')
      expect(ref.bytes).toBe(0)
      expect((await blobs.get(scope, ref.hash)).byteLength).toBe(0)
    })

    it('takes the same content at the same time', async () => {
      const refs = await Promise.all(Array.from({ length: 20 }, () => blobs.put(scope, text)))
      expect(new Set(refs.map((ref) => ref.hash)).size).toBe(1)
      await blobs.verify(scope, sha256(text))
    })

    it('keeps workspaces apart', async () => {
      const { hash } = await blobs.put(scope, text)
      expect(await blobs.find(other, hash)).toBeUndefined()
      expect((await blobs.list(other)).items).toEqual([])
      await expect(blobs.get(other, hash)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
      await expect(blobs.path(other, hash)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
      await expect(gather(blobs.open(other, hash))).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
      expect(await blobs.remove(other, hash)).toBe(false)
      expect(await blobs.find(scope, hash)).toBeDefined()
    })

    it('detects every damage when reading', async () => {
      const { hash } = await blobs.put(scope, text)
      damage(scope.workspace, hash)
      await expect(blobs.get(scope, hash)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
      await expect(blobs.verify(scope, hash)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
      await expect(gather(blobs.open(scope, hash))).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
    })

    it('is repaired by putting the content again', async () => {
      const { hash } = await blobs.put(scope, text)
      damage(scope.workspace, hash)
      await blobs.put(scope, text)
      await blobs.verify(scope, hash)
    })

    it('stores nothing when the source fails', async () => {
      async function* failing(): AsyncIterable<Uint8Array> {
        yield Buffer.from('a')
        throw new Error('the source broke')
      }
      await expect(blobs.put(scope, failing())).rejects.toThrow(/the source broke/)
      expect((await blobs.list(scope)).items).toEqual([])
    })

    it('lists in pages, in order', async () => {
      const hashes: string[] = []
      for (let i = 0; i < 25; i++) hashes.push((await blobs.put(scope, `content ${i}`)).hash)
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await blobs.list(scope, { limit: 10, cursor })
        seen.push(...page.items.map((ref) => ref.hash))
        cursor = page.next
      } while (cursor)
      expect(seen).toEqual(hashes.sort())
    })

    it('removes', async () => {
      const { hash } = await blobs.put(scope, text)
      expect(await blobs.remove(scope, hash)).toBe(true)
      expect(await blobs.remove(scope, hash)).toBe(false)
      await expect(blobs.get(scope, hash)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
    })

    it.each(['../../../etc/passwd', '', 'AB'.repeat(32), `${'a'.repeat(63)}/`, '%2e%2e'])(
      'refuses %j as a name',
      async (hash) => {
        await expect(blobs.get(scope, hash)).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
        await expect(blobs.remove(scope, hash)).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
      },
    )

    it.each(['..', '../two', 'a/b', ''])('refuses %j as a workspace', async (workspace) => {
      await expect(blobs.put({ workspace, caller: 'test' }, 'x')).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
    })
  })
}
