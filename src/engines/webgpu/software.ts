import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { GalleyError } from '../../base/errors.ts'
import { type Device, openDevice } from './device.ts'

/** Where Debian's chromium keeps its software driver. */
const DRIVER = '/usr/lib/chromium/vk_swiftshader_icd.json'

/**
 * Opens a device for tests: the one that `VK_ICD_FILENAMES` names, or else the software driver of Debian's chromium. It
 * must be asked for before any other device of this process.
 * @throws DEVICE_MISSING with the package that brings it
 */
export async function openSoftwareDevice(): Promise<Device> {
  if (process.platform === 'linux' && !process.env['VK_ICD_FILENAMES']) {
    if (!existsSync(DRIVER))
      throw new GalleyError('DEVICE_MISSING', {
        what: 'there is no software graphics driver to test on',
        why: `${DRIVER} is not there`,
        fix: 'apt-get install chromium libvulkan1',
      })
    process.env['VK_ICD_FILENAMES'] = DRIVER
  }
  process.env['XDG_RUNTIME_DIR'] ??= tmpdir()
  return openDevice()
}
