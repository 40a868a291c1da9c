import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Kitchen, recipe, secret } from '../../src/index.ts'
import type { ProcessOptions } from '../../src/runs/kitchen.ts'
import { ended, start } from '../e2e/command.ts'
import { openPrograms, orders, type Programs } from '../e2e/programs.ts'

/** Debian's own: an engine, what it runs containers by, and the one program that the image holds. */
const PACKAGES = ['podman', 'runc', 'busybox-static']
const TOOLS = ['sh', 'cat', 'sed', 'sleep', 'env', 'ls', 'id', 'head', 'tail', 'tr', 'awk', 'dd', 'touch', 'ln']
const IMAGE = 'localhost/galley-interop:1'

let w: Programs
const folder = mkdtempSync(join(tmpdir(), 'galley-containers-'))
const podman = (...words: string[]) => spawnSync('podman', words, { encoding: 'utf8' })
const containers = () => podman('ps', '--all', '--format', '{{.Names}}').stdout.split('\n').filter((name) => name.startsWith('galley-')) // biome-ignore format: one line

/** An image of one program, which no registry is asked for, and that has a user of its own; another label makes it another image. */
function makeImage(label: string): void {
  const root = join(folder, 'root')
  rmSync(root, { recursive: true, force: true })
  mkdirSync(join(root, 'bin'), { recursive: true })
  mkdirSync(join(root, 'etc'))
  cpSync('/bin/busybox', join(root, 'bin', 'busybox'))
  for (const tool of TOOLS) symlinkSync('busybox', join(root, 'bin', tool))
  writeFileSync(join(root, 'etc', 'label'), label)
  const before = podman('image', 'inspect', '--format', '{{.Id}}', IMAGE).stdout.trim()
  execFileSync('sh', ['-c', `tar -C '${root}' -c . | podman import --change USER=1000:1000 - ${IMAGE}`], {
    stdio: 'ignore',
  })
  if (before !== '') podman('rmi', '--force', before)
}

/** Why this machine runs none; undefined where it does. */
function hindered(): string | undefined {
  const there = () => podman('--version').status === 0 && existsSync('/bin/busybox')
  const apt = (...words: string[]) => spawnSync('apt-get', words, { stdio: 'ignore' })
  if (!there()) {
    if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))
      return `${PACKAGES.join(', ')} are not here, and can't be installed`
    apt('update', '-qq')
    apt('install', '-y', '-qq', '--no-install-recommends', ...PACKAGES)
    if (!there()) return `${PACKAGES.join(', ')} could not be installed`
  }
  const limit = (of: string) => execFileSync('sh', ['-c', `ulimit ${of}`], { encoding: 'utf8' }).trim()
  const conf = join(folder, 'containers.conf')
  // not every machine lets a container have more than this process
  writeFileSync(conf, `[engine]\nruntime = "runc"\n[containers]\ndefault_ulimits = ["nofile=${limit('-Sn')}:${limit('-Hn')}", "nproc=1000:1000"]\n`) // biome-ignore format: one line
  process.env['CONTAINERS_CONF'] = conf
  makeImage('first')
  const { status, stderr } = podman('run', '--rm', '--network', 'none', IMAGE, 'sh', '-c', 'true')
  return status === 0 ? undefined : `a container can't be run here: ${stderr.trim()}`
}
const why = hindered()
const versions =
  why ??
  `${podman('--version').stdout.trim()}, ${execFileSync('runc', ['--version'], { encoding: 'utf8' }).split('\n')[0]}`
process.stdout.write(`${versions}\n`)

beforeAll(async () => {
  w = await openPrograms()
}, 60_000)
afterAll(async () => {
  await w?.close()
  podman('rmi', '--force', IMAGE)
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

/** A shell script of the recipe's folder that knows where its rows and its table are. */
function script(name: string, body: string): string {
  writeFileSync(join(w.folder, name), `rows=$(sed 's/.*"rows":"\\([^"]*\\)".*/\\1/' "$GALLEY_STEP")\ntable=$(sed 's/.*"files":\\["\\([^"]*\\)".*/\\1/' "$GALLEY_STEP")\n${body}\n`) // biome-ignore format: one line
  return name
}
const within = (k: Kitchen, file: string, more: Partial<ProcessOptions> = {}) =>
  k.process('within', {
    ...{ command: ['sh', file], files: [file], tables: { orders: orders(k) }, format: 'csv', ...more },
    ...{ container: { image: IMAGE, network: 'none' }, gives: { id: 'int64', says: 'string' } },
  })
const made = (name: string, file: string, more: Partial<ProcessOptions> = {}) =>
  recipe(name, (k) => k.dataset(`${name}-rows`, within(k, file, more)))

test.skipIf(why !== undefined)(
  'a program of an image reads tables and writes rows; the image’s content stands in its key, and nothing of the machine but that is seen',
  async () => {
    process.env['GALLEY_SECRET_TOKEN'] = 'hush-hush-hush'
    const file = script(
      'look.sh',
      `echo id,says > "$rows"
tail -n +2 "$table" | sed "s|,.*|,$(cat /etc/label) $MODE $(env | sed -n 's/^TOKEN=hush/&/p' | tr -dc h | head -c 1) $(ls / | tr '\\n' ' ')|" >> "$rows"
touch "$table" 2>/dev/null && echo wrote to what it reads
ls ${process.execPath} 2>/dev/null && echo sees the machine
echo "token $TOKEN $LD_PRELOAD $LINES"`,
    )
    const looks = made('looks', file, {
      env: { MODE: 'fast', TOKEN: secret('TOKEN'), LD_PRELOAD: '/of/the/image.so', LINES: 'a\nb' },
    })
    const first = await w.ran(looks)
    const rows = await w.rows('looks-rows')
    expect(rows.map((r) => r.split(' ').slice(0, 3).join(' '))).toEqual([
      '1,first fast h',
      '2,first fast h',
      '3,first fast h',
    ])
    expect((await w.client.runs.log({ run: `${first.number}`, step: 'within' })).text).toBe(
      'token ‹secret› /of/the/image.so a\nb\n',
    )
    expect((await w.ran(looks)).cached).toContain('within')
    makeImage('second')
    const again = await w.ran(looks)
    expect(again.cached).not.toContain('within')
    expect((await w.rows('looks-rows'))[0]).toMatch(/^1,second/)
    const shown = (await w.client.runs.get({ run: `${again.number}` })).steps.find((s) => s.id === 'within')
    expect(shown?.because).toEqual(['a file that it is given has changed, or the program that its command names, or its image']) // biome-ignore format: one line
    expect(containers()).toEqual([])
  },
)

test.skipIf(why !== undefined)(
  'what fails within says so: its own code, a command that the image has not, an image that is nowhere, too much memory',
  async () => {
    const fails = script('fails.sh', 'echo it is so; exit 3')
    expect(await w.failure(made('fails', fails))).toMatchObject({ code: 'STEP_FAILED', why: 'it ended with code 3; the last that it said:\nit is so' }) // biome-ignore format: one line
    const missing = await w.failure(made('misses', fails, { command: ['python3', fails] }))
    expect(missing).toMatchObject({ code: 'STEP_FAILED', what: "the program of 'within' failed: python3", fix: 'name a command that its image has' }) // biome-ignore format: one line
    const nowhere = recipe('nowhere', (k) => void k.process('within', { command: ['sh'], container: 'localhost/no-such-image:9' })) // biome-ignore format: one line
    expect(await w.failure(nowhere)).toMatchObject({ code: 'STEP_FAILED', what: "the image 'localhost/no-such-image:9' of 'within' is not here, and could not be fetched" }) // biome-ignore format: one line
    const greedy = script(
      'greedy.sh',
      'awk \'BEGIN { while (1) s = s "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" s }\'',
    )
    expect((await w.failure(made('greedy', greedy, { limits: { memoryMiB: 64, seconds: 60 } })))?.why).toMatch(/more than 64 MiB of memory/) // biome-ignore format: one line
    expect(containers()).toEqual([])
  },
  120_000,
)

test.skipIf(why !== undefined)(
  'what it links to on this machine is not read for it; the engine’s own memory is not counted as the program’s',
  async () => {
    writeFileSync(join(folder, 'beside.csv'), 'id,says\n1,of the machine\n')
    const links = script('links.sh', `ln -s ${join(folder, 'beside.csv')} "$rows"`)
    expect(await w.failure(made('links', links))).toMatchObject({ code: 'STEP_FAILED', what: "the program of 'within' left no rows" }) // biome-ignore format: one line
    const small = script('small.sh', 'sleep 2; printf "id,says\\n1,x\\n" > "$rows"')
    expect(await w.failure(made('small', small, { limits: { memoryMiB: 16 } }))).toBeUndefined()
  },
  60_000,
)

test.skipIf(why !== undefined)(
  'one that takes too long is ended, with what it started; so is one whose run is killed',
  async () => {
    const file = script('sleeps.sh', 'sleep 1000 & echo sleeping; sleep 1000')
    const began = performance.now()
    expect((await w.failure(made('sleeps', file, { limits: { seconds: 1 } })))?.why).toMatch(
      /^it was not done after 1 s/,
    )
    expect(performance.now() - began).toBeLessThan(20_000)
    expect(containers()).toEqual([])
    const home = join(folder, 'home')
    writeFileSync(
      join(w.folder, 'sleeps.ts'),
      `import { recipe } from ${JSON.stringify(join(import.meta.dirname, '../../src/index.ts'))}
export default recipe('sleeps', (k) => void k.process('within', { command: ['sh', '${file}'], files: ['${file}'], container: { image: '${IMAGE}', network: 'none' } }))`,
    )
    const child = start(home, ['run', join(w.folder, 'sleeps.ts')])
    await expect.poll(containers, { timeout: 60_000 }).toHaveLength(1)
    child.kill('SIGKILL')
    await ended(child)
    await expect.poll(containers, { timeout: 20_000 }).toEqual([])
    await sleep(100)
  },
  180_000,
)
