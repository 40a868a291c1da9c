import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { openTempFolder } from '../files.ts'
import { blobsConformance } from './conformance.ts'
import { fileBlobs } from './files.ts'
import { memoryBlobs } from './memory.ts'

const flip = (bytes: Uint8Array): Uint8Array => {
  const copy = Uint8Array.from(bytes)
  const middle = copy.length >> 1
  copy[middle] = (copy[middle] ?? 0) ^ 1
  return copy
}

blobsConformance('files', (root, tmp) => ({
  blobs: fileBlobs(root, tmp),
  damage(workspace, hash) {
    const path = join(root, workspace, hash.slice(0, 2), hash.slice(2))
    writeFileSync(path, flip(readFileSync(path)))
  },
}))

blobsConformance('memory', (_root, tmp) => {
  const blobs = memoryBlobs(tmp)
  return {
    blobs,
    damage(workspace, hash) {
      const key = `${workspace}/${hash}`
      blobs.content.set(key, flip(blobs.content.get(key) ?? new Uint8Array()))
    },
  }
})

test('a folder in the place of a blob, or a file in that of its folder, is damage; the same content put again mends it', async () => {
  const root = mkdtempSync(join(tmpdir(), 'galley-blobs-'))
  const tmp = openTempFolder(join(root, 'tmp'))
  try {
    const blobs = fileBlobs(join(root, 'blobs'), tmp)
    const scope = { workspace: 'w', caller: 'test' }
    const { hash } = await blobs.put(scope, 'some content')
    const path = await blobs.path(scope, hash)
    const damages = [
      () => {
        rmSync(path)
        mkdirSync(join(path, 'inner'), { recursive: true })
      },
      () => {
        rmSync(dirname(path), { recursive: true })
        writeFileSync(dirname(path), '')
      },
    ]
    for (const damage of damages) {
      damage()
      expect(await blobs.find(scope, hash)).toBeUndefined()
      for (const read of [blobs.get, blobs.verify, blobs.path])
        await expect(read(scope, hash)).rejects.toMatchObject({ code: 'STORE_CORRUPT', why: `${path} is not a file` })
      await blobs.put(scope, 'some content')
      expect(Buffer.from(await blobs.get(scope, hash)).toString()).toBe('some content')
    }
    rmSync(path)
    mkdirSync(path)
    expect(await blobs.remove(scope, hash)).toBe(true)
    expect(await blobs.remove(scope, hash)).toBe(false)
  } finally {
    tmp.close()
    rmSync(root, { recursive: true })
  }
})
