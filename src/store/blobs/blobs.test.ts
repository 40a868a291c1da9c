import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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
