import { type Command, Option } from 'commander'
import { GalleyError } from '../../base/errors.ts'
import { bytes } from '../../runs/text.ts'
import { interruptible } from '../interrupt.ts'
import { count, versionOf, withClient } from '../list.ts'
import { plain, print } from '../output.ts'
import { writeAsked } from './written.ts'

const BY_ENDING: Readonly<Record<string, 'onnx' | 'typescript'>> = { onnx: 'onnx', ts: 'typescript', mts: 'typescript' }

interface Options {
  readonly out: string
  readonly format?: 'onnx' | 'typescript'
  readonly version?: number
}

/** `galley models export`: a model as a file for elsewhere. */
export function exportModel(noun: Command): void {
  noun
    .command('export <name>')
    .description('write a version, `name@3` or the newest, as ONNX or as one TypeScript file that needs nothing')
    .requiredOption('--out <file>', 'where to, by its ending: model.onnx or model.ts')
    .addOption(
      new Option('--format <form>', 'the form, where the ending does not tell').choices(['onnx', 'typescript']),
    )
    .option('--version <n>', 'version', count)
    .action((name: string, options: Options) =>
      interruptible((signal) =>
        withClient(async (client) => {
          const { out, version } = options
          const format = options.format ?? BY_ENDING[out.split('.').at(-1)?.toLowerCase() ?? '']
          if (format === undefined)
            throw new GalleyError('USAGE_INVALID', {
              what: `'${out}' does not tell a form`,
              why: 'its ending is neither .onnx nor .ts',
              fix: 'add --format onnx or --format typescript',
            })
          const told = await client.models.export({ ...versionOf(name, version), format }, { signal })
          const parts: Uint8Array[] = []
          for await (const part of told.bytes) parts.push(part)
          const whole = Buffer.concat(parts)
          await writeAsked(out, whole)
          print(`${name}  ${format}  ${bytes(whole.length)}  ${plain(out)}`)
        }),
      ),
    )
}
