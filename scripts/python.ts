import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Python {
  readonly python: string
  /** Of Python and of every pinned package. */
  readonly versions: Readonly<Record<string, string>>
}

/** What kept a Python from being made: to be told to whoever asked for it. */
export class PythonError extends Error {
  readonly why: string
  readonly fix: string
  /** Whether the machine has no Python at all. */
  readonly missing: boolean

  constructor(what: string, options: { why: string; fix: string; missing?: boolean }) {
    super(what)
    this.why = options.why
    this.fix = options.fix
    this.missing = options.missing === true
  }
}

/**
 * A Python of our own in `folder` with the packages that the file `pins` names; made once, again when the pins or the Python
 * change.
 * @throws PythonError when there is no python3, no venv, or the packages can't be had
 */
export async function pythonIn(
  folder: string,
  pins: string,
  { say, signal }: { say(line: string): void; signal: AbortSignal },
): Promise<Python> {
  const base = await run('python3', ['-c', 'import sys; print(sys.version.split()[0])']).catch((thrown: unknown) => {
    throw new PythonError('there is no python3', {
      why: (thrown as Error).message,
      fix: 'install Python 3.11 or newer with its venv module, then try again',
      missing: true,
    })
  })
  const version = base.stdout.trim()
  const python = join(folder, 'bin', 'python')
  const stamp = join(folder, '.stamp')
  const pinned = readFileSync(pins, 'utf8')
  const wanted = `python ${version}\n${pinned}`
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    say(`setting up Python ${version} with ${pinned.trim().split('\n').join(', ')}`)
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(dirname(folder), { recursive: true })
    await run('python3', ['-m', 'venv', folder], { signal }).catch((thrown: unknown) => {
      throw new PythonError('python3 could not make a virtual environment', {
        why: lastLines(thrown),
        fix: "install Python's venv module (on Debian and Ubuntu: apt install python3-venv), then try again",
      })
    })
    await run(python, ['-m', 'pip', 'install', '--quiet', '--only-binary', ':all:', '--requirement', pins], {
      signal,
    }).catch((thrown: unknown) => {
      throw new PythonError('the packages could not be installed', {
        why: lastLines(thrown),
        fix: `make sure that pip reaches a package index with what ${basename(pins)} names for Python ${version} (3.11 or newer is needed), then try again`,
      })
    })
    writeFileSync(stamp, wanted)
  }
  const packages = pinned
    .trim()
    .split('\n')
    .map((line) => line.split('==') as [string, string])
  return { python, versions: { python: version, ...Object.fromEntries(packages) } }
}

function lastLines(thrown: unknown): string {
  const { stderr, stdout, message } = thrown as { stderr?: string; stdout?: string; message: string }
  return (stderr || stdout || message).trim().split('\n').slice(-6).join('\n')
}
