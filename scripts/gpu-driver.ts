/**
 * Brings what the tests of the graphics engine run on where there is no GPU: the software driver that Debian's chromium
 * ships, and the Vulkan loader. Does nothing where they are there, where a driver is named by `VK_ICD_FILENAMES`, or where
 * it may not install packages: the tests then fail and say what to install.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'

const DRIVER = '/usr/lib/chromium/vk_swiftshader_icd.json'
const LOADERS = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/libvulkan.so.1`)
const PACKAGES = ['chromium', 'libvulkan1']

export function bringGpuDriver(say: (line: string) => void): void {
  if (process.platform !== 'linux' || process.env['VK_ICD_FILENAMES']) return
  if (existsSync(DRIVER) && LOADERS.some((path) => existsSync(path))) return
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return
  say(`installing ${PACKAGES.join(' and ')}: the software graphics driver that tests run on`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...words: string[]) => spawnSync('apt-get', words, { env, encoding: 'utf8' })
  const install = () => apt('install', '-y', '--no-install-recommends', ...PACKAGES)
  // a new machine may not have read the lists of packages yet
  if (install().status === 0) return
  apt('update')
  const { status, stderr } = install()
  if (status !== 0) say(`could not install them: ${stderr.trim().split('\n').at(-1)}`)
}

/** Names the software driver for this process, where none is named and it is there; to be called before a device is opened. */
export function useTestDriver(): void {
  if (process.platform === 'linux' && existsSync(DRIVER)) process.env['VK_ICD_FILENAMES'] ??= DRIVER
  process.env['XDG_RUNTIME_DIR'] ??= tmpdir()
}
