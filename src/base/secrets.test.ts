import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { secretEnvironment } from './config.ts'
import { asGalleyError, GalleyError } from './errors.ts'
import { createLog } from './log.ts'
import { resolveSecret, secret, secretNames } from './secrets.ts'

const from = (variables: Record<string, string>, folder?: string) =>
  secretEnvironment({ ...variables, GALLEY_SECRETS: folder })

test('a secret is named in a recipe, and its value is nowhere in errors and logs, whatever form it takes', () => {
  const canary = `ca/na'ry "${'🐤'}" +? $[x]`
  const reference = secret('SHOP_DB')
  expect(JSON.parse(JSON.stringify(reference))).toEqual({ secret: 'SHOP_DB' })
  expect(resolveSecret(reference, from({ GALLEY_SECRET_SHOP_DB: canary }))).toBe(canary)
  const forms = [
    canary,
    encodeURIComponent(canary),
    JSON.stringify(canary),
    Buffer.from(canary).toString('base64'),
    Buffer.from(canary).toString('hex'),
  ]
  const lines: string[] = []
  const log = createLog('debug', (line) => lines.push(line))
  for (const form of forms) {
    const said = [
      new GalleyError('SOURCE_REFUSED', { what: form, why: `x${form}y`, fix: form, details: { deep: [{ it: form }] } }),
      asGalleyError(new Error(`could not connect to postgres://me:${form}@host`)),
    ]
    log.info(form, { url: form, list: [form] })
    const told = [...said.map((e) => JSON.stringify(e) + e.message + e.stack), ...lines].join('\n')
    for (const other of forms) expect(told).not.toContain(other)
    expect(told).toContain('‹secret›')
  }
})

test('a folder of files, variables first; what is unknown names those there are', () => {
  const folder = mkdtempSync(join(tmpdir(), 'galley-secrets-'))
  try {
    writeFileSync(join(folder, 'SHOP_DB'), 'from the file\n')
    const env = from({ GALLEY_SECRET_S3_KEY: 'from the variable' }, folder)
    expect(secretNames(env)).toEqual(['S3_KEY', 'SHOP_DB'])
    expect(resolveSecret(secret('SHOP_DB'), env)).toBe('from the file')
    expect(() => resolveSecret(secret('SHOP_BD'), env)).toThrow(
      expect.objectContaining({
        code: 'SECRET_UNKNOWN',
        why: 'there are S3_KEY, SHOP_DB',
        fix: expect.stringContaining("'SHOP_DB'"),
      }),
    )
    chmodSync(join(folder, 'SHOP_DB'), 0o666)
    expect(() => resolveSecret(secret('SHOP_DB'), env)).toThrow(expect.objectContaining({ code: 'SECRET_INVALID' }))
    expect(() => resolveSecret(secret('PIN'), from({ GALLEY_SECRET_PIN: '123' }))).toThrow(
      expect.objectContaining({ code: 'SECRET_INVALID' }),
    )
    for (const name of ['../etc/passwd', '', 'a b', 'constructor.x'])
      expect(() => secret(name)).toThrow(expect.objectContaining({ code: 'SECRET_UNKNOWN' }))
    expect(() => resolveSecret(secret('constructor'), env)).toThrow(expect.objectContaining({ code: 'SECRET_UNKNOWN' }))
  } finally {
    rmSync(folder, { recursive: true })
  }
})
