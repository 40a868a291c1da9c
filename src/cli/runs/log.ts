import { type Command, Option } from 'commander'
import { type ListOptions, listOptions, withClient } from '../list.ts'
import { plain, print, when } from '../output.ts'

interface LogOptions extends ListOptions {
  readonly level?: 'info' | 'warn' | 'error'
}

/** `runs log`: what a run told, line by line; of a step that a program computes, what the program said. */
export function log(noun: Command): void {
  listOptions(noun.command('log <run> [step]'))
    .description('show what a run told line by line, or what the program of a step said')
    .addOption(new Option('--level <level>', 'lines of this level and those above it').choices(['info', 'warn', 'error'])) // biome-ignore format: one line
    .action((run: string, step: string | undefined, o: LogOptions) =>
      withClient(async (client) => {
        const { limit, cursor, level } = o
        if (step !== undefined && !o.json && level === undefined) {
          const { text } = await client.runs.log({ run, step })
          if (text !== '') return print(plain(text).trimEnd())
        }
        const asked = { limit: limit ?? 500, cursor, step, level }
        const page = await client.runs.lines({ run, ...Object.fromEntries(Object.entries(asked).filter(([, v]) => v !== undefined)) }) // biome-ignore format: one line
        if (o.json) return print(JSON.stringify(page))
        if (page.items.length === 0) return print('it told nothing')
        for (const { at, level, step, message, fields } of page.items) {
          const more = [secondsOf(fields), ...reasonsOf(fields)].filter((t) => t !== '').join('  ')
          print(`${when(at)}  ${level.padEnd(5)}  ${step === null ? '' : `${plain(step)}  `}${plain(message)}${more === '' ? '' : `  ${plain(more)}`}`) // biome-ignore format: one line
        }
        if (page.next) print(`more: --cursor ${page.next}`)
      }),
    )
}

type Fields = Readonly<Record<string, unknown>> | null

const secondsOf = (fields: Fields): string =>
  fields?.['cached'] === true ? 'cached' : typeof fields?.['seconds'] === 'number' ? `${fields['seconds'].toFixed(1)} s` : '' // biome-ignore format: one line

/** Why a step ran again, and of an error why it came and what helps. */
function reasonsOf(fields: Fields): string[] {
  const because = Array.isArray(fields?.['because']) ? fields['because'].map((b) => `because ${b}`) : []
  const { why, fix } = (fields ?? {}) as { why?: string; fix?: string }
  return [...because, ...(why ? [`why: ${why}`] : []), ...(fix ? [`fix: ${fix}`] : [])]
}
