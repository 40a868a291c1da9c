import { resolve } from 'node:path'
import { Command } from 'commander'
import { type Suspect, warningOf } from '../ml/automl/suspects.ts'
import { candidateNames } from '../ml/training/names.ts'
import { bytes } from '../runs/text.ts'
import { type Goals, goalMetrics } from './goals.ts'
import { count, type ListOptions, listOptions, printPage, versionOf, withClient } from './list.ts'
import { exportModel } from './models/export.ts'
import { writeAsked } from './models/written.ts'
import { bold, print, table, when } from './output.ts'

interface Report {
  readonly auc: number | null
  readonly logLoss: number | null
  readonly brier: number | null
  readonly calibration: { readonly error: number | null }
  readonly confusion: {
    readonly threshold: number
    readonly precision: number | null
    readonly recall: number | null
    readonly truePositives: number
    readonly falsePositives: number
    readonly trueNegatives: number
    readonly falseNegatives: number
  }
}
/** Who trained a model that was promoted. */
interface Origin {
  readonly workspace: string
  readonly version: number
  readonly run: number | null
  readonly recipe: string | null
}

interface Details {
  readonly candidates?: unknown[]
  /** Which of them the version is. */
  readonly chosen?: number
  readonly goal?: unknown
  readonly figures?: Record<string, number>
  readonly origin?: Origin
  readonly leaderboard?: readonly Line[]
  /** Of a model that was made elsewhere. */
  readonly file?: { readonly bytes: number; readonly sha256: string; readonly producer: string }
  readonly suspects?: readonly Suspect[]
  readonly made?: Made
}

/** What a search's model is made of: the shares of a mean, or what has learnt over all. */
interface Made {
  readonly parts: readonly { readonly trainer: string; readonly weight?: number }[]
  readonly meta?: string
}

/** What a search tried. */
interface Line {
  readonly trainer: string
  readonly params: Readonly<Record<string, unknown>>
  readonly loss: number
  readonly stage: string
}

interface Candidate {
  readonly trainer: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly validate: Report
  readonly test: Report
  readonly seconds: number
}

export function models(): Command {
  const noun = new Command('models').description('models and their versions')
  listOptions(noun.command('ls').description('list models')).action((o: ListOptions) =>
    printPage(
      o,
      (c, page) => c.models.list(page),
      ['name', 'newest'],
      (m) => [m.name, `@${m.latest}`],
      'no model yet: run a recipe that trains one',
    ),
  )
  listOptions(noun.command('versions <name>').description('list the versions of a model')).action(
    (name: string, o: ListOptions) =>
      printPage(
        o,
        (c, page) => c.models.versions({ name, ...page }),
        ['version', 'kind', 'data', 'created'],
        (v) => [`@${v.version}`, v.kind, `${v.dataset}@${v.datasetVersion}`, when(v.created)],
        'no versions',
      ),
  )
  noun
    .command('show <name>')
    .description('show a version, `name@3` or the newest')
    .option('--version <n>', 'version', count)
    .option('--json', 'print JSON')
    .action((name: string, o: { version?: number; json?: boolean }) =>
      withClient(async (client) => {
        const v = await client.models.get(versionOf(name, o.version))
        if (o.json) return print(JSON.stringify(v))
        print(
          `${bold(`${v.name}@${v.version}`)}  ${v.kind}  ${bytes(v.bytes)}  ${v.kind === 'onnx' ? 'brought for' : 'trained on'} ${v.dataset}@${v.datasetVersion}  created ${when(v.created)}  hash ${v.blob.slice(0, 12)}`,
        )
        print(
          `plan ${v.planHash?.slice(0, 12)}  code ${v.codeHash?.slice(0, 12)}  features ${(v.features as string[]).join(', ')}`,
        )
        const {
          candidates = [],
          chosen,
          figures,
          goal,
          origin,
          leaderboard,
          file,
          suspects,
          made,
        } = v.details as Details
        if (origin) print(`trained in the workspace ${origin.workspace} (there @${origin.version})${origin.run === null ? '' : `, by run ${origin.run} of ${origin.recipe}`}`) // biome-ignore format: one line
        if (file) print(`from a file of ${bytes(file.bytes)}${file.producer ? ` by ${file.producer}` : ''}  sha256 ${file.sha256.slice(0, 12)}`) // biome-ignore format: one line
        if (figures) print(learnt(figures))
        else if (candidates.length === 0) print('not judged: its recipe names no target')
        else print(goal ? goalMetrics(candidates as Goals[], chosen) : metrics(candidates as Candidate[]))
        if (chosen !== undefined && candidates.length > 1) print(`\nchosen on validate: ${candidateNames(candidates as Candidate[])[chosen]}`) // biome-ignore format: one line
        if (leaderboard) print(`\n${board(leaderboard)}`)
        if (made) print(`the search's model: ${madeOf(made)}`)
        const warning = suspects && warningOf(suspects)
        if (warning) print(`\n${warning}`)
      }),
    )
  exportModel(noun)
  noun
    .command('card <name>')
    .description(
      'write the card of a version (`name@3`, or the newest), which k.evaluate made: one HTML file in Korean and English',
    )
    .option('--version <n>', 'version', count)
    .option('--out <file>', 'where to write it; NAME-VERSION.html here unless given')
    .option('--json', 'print where it was written as JSON')
    .action((name: string, o: { version?: number; out?: string; json?: boolean }) =>
      withClient(async (client) => {
        const { html, ...card } = await client.models.card(versionOf(name, o.version))
        const path = resolve(o.out ?? `${card.name}-${card.version}.html`)
        await writeAsked(path, html)
        print(
          o.json
            ? JSON.stringify({ ...card, path })
            : `${path}  card of ${card.name}@${card.version}, made ${when(card.created)}  ${bytes(card.bytes)}`,
        )
      }),
    )
  return noun
}

const madeOf = ({ parts, meta }: Made): string => {
  const told = parts.map(({ trainer, weight }) => (parts.length > 1 && weight !== undefined ? `${weight.toFixed(2)} ${trainer}` : trainer)) // biome-ignore format: one line
  if (meta) return `${meta} over the answers of ${told.join(', ')}`
  return parts.length > 1 ? `the mean of ${told.join(' + ')}` : (told[0] as string)
}

/** The best that a search tried, by their loss, and the best of each trainer that is not among them. */
const board = (lines: readonly Line[]): string =>
  table(
    ['tried', 'loss', 'judged on', 'parameters'],
    lines
      .filter((line, i) => i < TOLD || lines.findIndex((l) => l.trainer === line.trainer) === i)
      .map(({ trainer, loss, stage, params }) => [
        trainer,
        loss.toPrecision(5),
        stage,
        Object.entries(params)
          .map(([name, value]) => `${name} ${typeof value === 'number' ? Number(value.toPrecision(3)) : value}`)
          .join(', '),
      ]),
  )
const TOLD = 10

/** What was learnt without a target, in figures. */
const learnt = (figures: Readonly<Record<string, number>>): string =>
  table(
    ['figure', 'value'],
    Object.entries(figures).map(([name, value]) => [name, Number.isInteger(value) ? value : value.toPrecision(5)]),
  )

/** Candidates side by side, the baseline among them: quality on both parts, then calibration and confusion on test. */
export function metrics(candidates: readonly Candidate[]): string {
  const n = (x: number | null) => (x === null ? '–' : x.toFixed(4))
  const titles = candidateNames(candidates)
  const quality = table(
    ['candidate', 'part', 'AUC', 'log loss', 'Brier', 'precision', 'recall', 'threshold'],
    candidates.flatMap((c, i) =>
      (['validate', 'test'] as const).map((part) => [
        titles[i] ?? c.trainer,
        part,
        n(c[part].auc),
        n(c[part].logLoss),
        n(c[part].brier),
        n(c[part].confusion.precision),
        n(c[part].confusion.recall),
        n(c[part].confusion.threshold),
      ]),
    ),
  )
  const counts = table(
    ['on test', 'calibration error', 'true +', 'false +', 'true −', 'false −'],
    candidates.map(({ trainer, test: { calibration, confusion: c } }, i) => [
      titles[i] ?? trainer,
      n(calibration.error),
      c.truePositives,
      c.falsePositives,
      c.trueNegatives,
      c.falseNegatives,
    ]),
  )
  return `${quality}\n\n${counts}`
}
