/**
 * Completes the lock files: a registry that lacks some platform's packages leaves their entries out, and `npm ci` then
 * fails on that platform. Adds an entry (without checksum, which is not known here) for each optional package that is
 * asked for with an exact version and missing, and removes registry addresses.
 *
 *     npm run lock           after any change of dependencies
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface Entry {
  version?: string
  resolved?: string
  integrity?: string
  cpu?: string[]
  os?: string[]
  libc?: string[]
  dev?: boolean
  optional?: boolean
  license?: string
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

interface Lock {
  packages: Record<string, Entry>
}

const SYSTEMS = ['linux', 'darwin', 'win32', 'freebsd', 'android', 'openharmony', 'sunos', 'aix', 'netbsd', 'openbsd']
const PROCESSORS = ['x64', 'arm64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el']

/** The platform that a package's name speaks of; undefined when it speaks of none. */
export function platformOf(name: string): { os: string[]; cpu: string[]; libc?: string[] } | undefined {
  const words = name.split(/[-/]/)
  const os = SYSTEMS.find((system) => words.includes(system))
  const cpu = PROCESSORS.find((processor) => words.includes(processor))
  if (!os || !cpu) return undefined
  if (os !== 'linux') return { os: [os], cpu: [cpu] }
  const musl = words.some((word) => word.startsWith('musl'))
  const gnu = words.some((word) => word.startsWith('gnu'))
  if (musl) return { os: [os], cpu: [cpu], libc: ['musl'] }
  return gnu ? { os: [os], cpu: [cpu], libc: ['glibc'] } : { os: [os], cpu: [cpu] }
}

/** The optional packages that `lock` asks for and does not hold: `[name, version, who asks]`. */
export function missing(lock: Lock): [name: string, version: string, from: string][] {
  const found: [string, string, string][] = []
  for (const [path, entry] of Object.entries(lock.packages))
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {}))
      if (/^\d/.test(version) && !holds(lock, path, name)) found.push([name, version, path])
  return found
}

/** Whether a package asked for from `path` is found there or in any folder above, as Node looks it up. */
function holds(lock: Lock, path: string, name: string): boolean {
  for (let base = path; ; ) {
    if (lock.packages[`${base}${base ? '/' : ''}node_modules/${name}`]) return true
    if (!base) return false
    const cut = base.lastIndexOf('/node_modules/')
    base = cut < 0 ? '' : base.slice(0, cut)
  }
}

function complete(file: string): void {
  const before = readFileSync(file, 'utf8')
  const lock = JSON.parse(before) as Lock
  for (const entry of Object.values(lock.packages)) if (entry.resolved?.startsWith('http')) delete entry.resolved
  for (const [name, version, from] of missing(lock)) {
    const platform = platformOf(name)
    if (!platform) continue
    const asker = lock.packages[from] ?? {}
    const { os, cpu, libc } = platform
    lock.packages[`node_modules/${name}`] = {
      version,
      cpu,
      ...(asker.dev ? { dev: true } : {}),
      ...(libc ? { libc } : {}),
      ...(asker.license ? { license: asker.license } : {}),
      optional: true,
      os,
    }
    process.stdout.write(`${file}: added ${name} ${version}\n`)
  }
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1))
  const after = `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`
  if (after !== before) writeFileSync(file, after)
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  complete(join(root, 'package-lock.json'))
  complete(join(root, 'tools/node/package-lock.json'))
}
