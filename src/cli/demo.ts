import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { readConfig } from '../base/config.ts'
import { type Galley, openGalley } from '../main.ts'
import type { AnalyseOutput } from '../ml/analysis/step.ts'
import type { Report } from '../ml/evaluation/evaluate.ts'
import type { DriftVerdict } from '../ml/monitoring/drift.ts'
import type { ServeOutput } from '../ml/serving/step.ts'
import type { TrainOutput } from '../ml/training/step.ts'
import { type RunResult, run } from '../runs/runner.ts'
import type { DatasetOutput } from '../runs/steps/dataset.ts'
import { type Rehearsal, rehearse } from './demo/rehearse.ts'
import { interruptible, untilInterrupted } from './interrupt.ts'
import { port } from './list.ts'
import { metrics } from './models.ts'
import { note, print, table } from './output.ts'
import { runReporter, stageReporter } from './progress.ts'
import { loadRecipe } from './recipe.ts'
import { type Serving, serve } from './served.ts'

const RECIPE = fileURLToPath(new URL('../../recipes/flight-delay/recipe.ts', import.meta.url))
const EXAMPLE = { date: '2001-06-30 18:05:00', origin: 'ORD', destination: 'LGA', distance: 733 }

export function demo(): Command {
  return new Command('demo')
    .description('run the main job on three million real flights, and leave the service live')
    .option('--once', 'exit when the job is done; the last line is one JSON object')
    .option('--port <port>', 'port on loopback (any free one)', port)
    .action(async (options: { once?: boolean; port?: number }) => {
      const config = readConfig()
      const galley = await openGalley(config)
      let serving: Serving | undefined
      try {
        serving = await serve(config) // before the work: it would be in vain beside another server
        await job(galley, serving, options)
      } finally {
        await galley.close()
        serving?.end()
      }
    })
}

async function job(galley: Galley, serving: Serving, options: { once?: boolean; port?: number }): Promise<void> {
  const { recipe, folder } = await loadRecipe(RECIPE)
  const scope = await galley.scope()
  const { workspace } = galley.config
  const result = await interruptible((signal) =>
    run(galley.ware, scope, recipe, { folder, signal, on: runReporter(workspace) }),
  )
  const output = <T>(id: string) => result.outputs.get(id) as unknown as T
  const dataset = output<DatasetOutput>('flight-features')
  const model = output<TrainOutput<Report>>('late-arrival')
  const report = output<AnalyseOutput>('flight-features-report')
  const server = await galley.listen({ port: options.port ?? galley.config.port ?? 0 })
  try {
    await serving.announced(server.url, async () => {
      await galley.hub(scope).start()
      const stages = stageReporter()
      const { found, cached } = await interruptible((signal) =>
        rehearse({
          galley,
          scope,
          recipe,
          served: output<ServeOutput>('flight-delay'),
          dataset,
          url: server.url,
          signal,
          progress: stages.progress,
        }),
      )
      stages.done(
        'watch',
        'flight-delay',
        `${found.requests.toLocaleString('en-US')} flights of June served as they happened · ${verdict('june', found.june)} · ${verdict('half the airports gone', found.shifted)}`,
        cached,
        found.seconds.replay + found.seconds.shifted,
      )
      tell(galley, server.url, model, report, found, !options.once)
      if (options.once) print(JSON.stringify(summary(result, server.url, dataset, model, found, cached)))
      else {
        note('\nThe service is live; Ctrl-C ends it.')
        await untilInterrupted()
      }
    })
  } finally {
    await server.close()
  }
}

const verdict = (what: string, v: DriftVerdict): string =>
  `${what}: ${v.status} (PSI ${v.psi.toFixed(2)}${v.worst ? ` in ${v.worst}` : ''})`

/** What a person reads at the end: how good, how fast, what the monitor says, and where to go on. */
function tell(
  galley: Galley,
  url: string,
  model: TrainOutput<Report>,
  report: AnalyseOutput,
  found: Rehearsal,
  live: boolean,
): void {
  print()
  print(metrics(model.candidates))
  print()
  print(
    table(
      ['replayed', 'requests', 'p50 ms', 'p99 ms', 'req/s'],
      [
        [
          'over HTTP',
          found.overHttp,
          found.p50Ms.toFixed(2),
          found.p99Ms.toFixed(2),
          Math.round(found.overHttp / found.httpSeconds),
        ],
      ],
    ),
  )
  print()
  print(
    table(
      ['watched', 'verdict', 'rows', 'PSI', 'KS', 'most shifted'],
      [row('June', found.june), row('half the airports gone', found.shifted)],
    ),
  )
  print()
  print(`report    ${report.path}`)
  if (live) {
    print(`service   ${url}/v1/endpoints/flight-delay`)
    print(`api       ${url}/v1/openapi.json`)
    print(`try it    curl -s ${url}/v1/endpoints/flight-delay/predict -d '${JSON.stringify(EXAMPLE)}'`)
  }
  print(`or        ./galley endpoints show flight-delay · ./galley models show late-arrival · ./galley runs ls`)
  print(`data in   ${galley.config.home}`)
}

const row = (what: string, v: DriftVerdict) =>
  [what, v.status, v.rows, v.psi.toFixed(3), v.ks.toFixed(3), v.worst ?? '–'] as const

/** The last line of `--once`. */
function summary(
  result: RunResult,
  url: string,
  dataset: DatasetOutput,
  model: TrainOutput<Report>,
  found: Rehearsal,
  cached: boolean,
): unknown {
  const base = model.candidates.find((c) => c.trainer === 'baseline')
  const drift = (v: DriftVerdict) => ({
    status: v.status,
    psi: round(v.psi),
    ks: round(v.ks),
    worst: v.worst,
    rows: v.rows,
  })
  return {
    ok: true,
    run: result.number,
    dataset: { name: dataset.name, version: dataset.version, rows: dataset.rows },
    model: {
      name: model.name,
      version: model.version,
      metrics: { auc: round(model.chosen.test.auc), logLoss: round(model.chosen.test.logLoss) },
      baseline: { auc: round(base?.test.auc ?? null), logLoss: round(base?.test.logLoss ?? null) },
    },
    endpoint: {
      url: `${url}/v1/endpoints/flight-delay`,
      requests: found.requests,
      p50Ms: round(found.p50Ms),
      p99Ms: round(found.p99Ms),
    },
    drift: { june: drift(found.june), shifted: drift(found.shifted) },
    seconds: {
      ...Object.fromEntries(Object.entries(result.seconds).map(([id, s]) => [id, round(s)])),
      replay: cached ? 0 : round(found.seconds.replay),
      shifted: cached ? 0 : round(found.seconds.shifted),
    },
    cached: [...result.cached, ...(cached ? ['replay', 'shifted'] : [])],
  }
}

const round = (n: number | null): number | null =>
  n === null || !Number.isFinite(n) ? null : Math.round(n * 10_000) / 10_000
