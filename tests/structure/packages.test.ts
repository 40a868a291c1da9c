import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { missing, platformOf } from '../../scripts/lock.ts'
import { ROOT } from './sources.ts'

interface Entry {
  name?: string
  version?: string
  resolved?: string
  integrity?: string
  license?: string
  dev?: boolean
  optional?: boolean
  link?: boolean
  os?: string[] | string
  cpu?: string[] | string
  optionalDependencies?: Record<string, string>
}

const LOCKS = ['package-lock.json', 'tools/node/package-lock.json', 'tools/onnx/package-lock.json']
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const lockOf = (path: string) => JSON.parse(read(path)) as { packages: Record<string, Entry> }
const main = lockOf('package-lock.json').packages

/** Licences that let anyone use, change and pass on, with no more than a notice. */
const PERMISSIVE = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'PostgreSQL',
  'Python-2.0',
  'Unlicense',
  'Zlib',
]

/** Development tools that are not passed on with the product, each with its licence and why it is here. */
const TOOLS_ONLY: Readonly<Record<string, string>> = {
  lightningcss: 'MPL-2.0', // comes with vite, which vitest runs on; no CSS of ours passes through it
}

/** An SPDX expression is permissive when one side of an OR is, or both sides of an AND. */
function permissive(expression: string): boolean {
  const inner = expression.replace(/^\((.*)\)$/, '$1')
  if (/ OR /.test(inner)) return inner.split(' OR ').some(permissive)
  if (/ AND /.test(inner)) return inner.split(' AND ').every(permissive)
  return PERMISSIVE.includes(inner)
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)

/** The licence that the lock file or, where it has none, the installed package states. */
function licenceOf(path: string, entry: Entry): string {
  if (entry.license) return entry.license
  const file = join(ROOT, path, 'package.json')
  if (!existsSync(file)) return 'not stated'
  const { license } = JSON.parse(readFileSync(file, 'utf8')) as { license?: string | { type?: string } }
  return (typeof license === 'object' ? license.type : license) ?? 'not stated'
}

describe('licences', () => {
  it('of all packages, for use and for development, are permissive', () => {
    const faults = Object.entries(main).flatMap(([path, entry]) => {
      if (!path || entry.link) return []
      const name = nameOf(path)
      const licence = licenceOf(path, entry)
      const tool = Object.keys(TOOLS_ONLY).find((each) => name === each || name.startsWith(`${each}-`))
      if (permissive(licence) || (tool && entry.dev && TOOLS_ONLY[tool] === licence)) return []
      return [`${name}: ${licence}`]
    })
    expect(faults).toEqual([])
  })

  it.each([
    ['MIT', true],
    ['(MIT OR GPL-3.0)', true],
    ['MIT AND GPL-3.0', false],
    ['AGPL-3.0-only', false],
    ['not stated', false],
  ])('%s counts as permissive: %s', (licence, expected) => expect(permissive(licence)).toBe(expected))
})

describe.each(LOCKS)('%s', (path) => {
  const { packages } = lockOf(path)

  it('names no registry', () => {
    expect(Object.values(packages).filter((entry) => entry.resolved && !entry.link)).toEqual([])
    expect(read(path)).not.toMatch(
      /https?:\/\/(?!(?:www\.)?(?:github\.com|opencollective\.com|patreon\.com|paypal\.me))\S*\.tgz/,
    )
  })

  it('holds the packages of every platform (npm run lock completes it)', () => {
    expect(missing({ packages: packages as never }).filter(([name]) => platformOf(name))).toEqual([])
  })

  it('pins each package by its content; only those of other platforms may lack it', () => {
    const loose = Object.entries(packages).filter(([name, entry]) => {
      if (!name || entry.link || entry.integrity) return false
      const elsewhere = entry.optional && entry.os && entry.cpu
      return !elsewhere
    })
    expect(loose.map(([name]) => name)).toEqual([])
  })
})

describe('package.json', () => {
  const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string | boolean> | undefined>

  it('asks for exact versions', () => {
    const all = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) =>
      Object.entries(manifest[kind] ?? {}),
    )
    expect(all.filter(([, version]) => !/^(npm:.*@)?\d+\.\d+\.\d+([-+.\w]*)?$/.test(String(version)))).toEqual([])
  })

  it('lets no install script run', () => {
    expect(Object.entries(manifest['allowScripts'] ?? {}).filter(([, allowed]) => allowed)).toEqual([])
    expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m)
  })
})
