import { resolve } from 'node:path'
import { z } from 'zod'
import { GalleyError } from './errors.ts'
import { remember } from './redact.ts'

/** Everything that the environment can say. The only reader of `process.env`. */
const Environment = z.object({
  GALLEY_HOME: z.string().min(1).optional(),
  GALLEY_DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must begin with postgres://')
    .optional(),
  GALLEY_URL: z.url().optional(),
  GALLEY_PORT: z.coerce.number('must be a number from 0 to 65535').int().min(0).max(65535).optional(),
  GALLEY_MEMORY: z.coerce.number().int().min(128).optional(),
  GALLEY_ENGINE: z.enum(['auto', 'processor', 'gpu']).optional(),
  GALLEY_DEVICE_MEMORY: z.coerce
    .number('must be a number of MiB, 64 or more')
    .int()
    .min(64, 'must be 64 MiB or more')
    .optional(),
  GALLEY_THREADS: z.coerce.number().int().min(1).optional(),
  GALLEY_LOG: z.enum(['debug', 'info', 'warn', 'error', 'silent']).optional(),
  GALLEY_WORKSPACE: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
    .optional(),
  GALLEY_ALERTS: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional(),
  GALLEY_CORE_HOUR: z
    .string()
    .regex(/^\d{1,9}(\.\d{1,9})?( [A-Z]{3})?$/, "must be an amount, such as '0.048 USD'")
    .optional(),
  GALLEY_SECRETS: z.string().min(1).optional(),
  GALLEY_ALLOW_PRIVATE: z.string().min(1).optional(),
  // as every client of OpenLineage has them
  OPENLINEAGE_URL: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional(),
  OPENLINEAGE_ENDPOINT: z.string().min(1).optional(),
  OPENLINEAGE_API_KEY: z.string().min(1).optional(),
  OPENLINEAGE_NAMESPACE: z.string().min(1).optional(),
  OPENLINEAGE_DISABLED: z.enum(['true', 'false']).optional(),
  // as every exporter of OpenTelemetry has them
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional(),
  OTEL_EXPORTER_OTLP_HEADERS: z.string().optional(),
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: z.string().optional(),
  OTEL_EXPORTER_OTLP_PROTOCOL: z.string().optional(),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: z.string().optional(),
  OTEL_TRACES_EXPORTER: z.string().optional(),
  OTEL_SDK_DISABLED: z.string().optional(),
  OTEL_SERVICE_NAME: z.string().optional(),
  LANG: z.string().optional(),
  NO_COLOR: z.string().optional(),
})

/** Who is told what runs read and made. */
export interface LineageCollector {
  readonly url: string
  readonly apiKey: string | undefined
  readonly namespace: string
}

/** What an hour of one processor core costs. */
export interface Price {
  readonly amount: number
  /** ISO 4217; absent where none was said. */
  readonly currency: string | undefined
}

/** Who is sent runs as traces. */
export interface TraceCollector {
  readonly url: string
  /** Beside the content's type; values are as good as passwords, and masked like them. */
  readonly headers: Readonly<Record<string, string>>
  /** The name that traces are told under. */
  readonly service: string
}

export interface Config {
  /** The data folder; absolute. */
  readonly home: string
  /** A PostgreSQL server to use instead of the embedded one. */
  readonly databaseUrl: string | undefined
  /** A running Galley server that the command line talks to instead of its own process. */
  readonly url: string | undefined
  readonly port: number | undefined
  /** Memory that the batch engine may take, MiB. */
  readonly memoryMiB: number
  /** Where parts of a recipe that can be fused are computed: on a graphics device that is no software, never there, or on any. */
  readonly engine: 'auto' | 'processor' | 'gpu'
  /** Memory of a graphics device that a plan or a table may take, MiB. */
  readonly deviceMemoryMiB: number
  /** Threads for engines and trainers. */
  readonly threads: number | undefined
  readonly log: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly workspace: string
  /** Where alerts are posted; absent where nobody is told. It is as good as a password, and masked like one. */
  readonly alerts: string | undefined
  /** What runs are said to cost by; absent where nobody said. */
  readonly coreHour: Price | undefined
  /** A collector of OpenLineage events; absent where none is named. */
  readonly lineage: LineageCollector | undefined
  /** A collector of traces; absent where none is named. */
  readonly traces: TraceCollector | undefined
  /** What the events' jobs and datasets are named within, before the workspace. */
  readonly lineageNamespace: string
  readonly language: 'ko' | 'en'
  readonly color: boolean
}

/** Reads the configuration; `base` is the folder that relative paths start from. */
export function readConfig(env: NodeJS.ProcessEnv = process.env, base: string = process.cwd()): Config {
  // an empty variable is an unset one
  const given = Object.fromEntries(
    Object.entries(env).filter(([name, v]) => v !== '' || !/^(GALLEY|OPENLINEAGE|OTEL)_/.test(name)),
  )
  const parsed = Environment.safeParse(given)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new GalleyError('CONFIG_INVALID', {
      what: `the environment variable ${issue?.path.join('.') ?? '?'} is not usable`,
      why: issue?.message ?? 'unknown',
      fix: 'correct it or unset it',
    })
  }
  const e = parsed.data
  if (e.GALLEY_ALERTS !== undefined) remember(e.GALLEY_ALERTS)
  return {
    home: resolve(base, e.GALLEY_HOME ?? '.galley'),
    databaseUrl: e.GALLEY_DATABASE_URL,
    url: e.GALLEY_URL,
    port: e.GALLEY_PORT,
    memoryMiB: e.GALLEY_MEMORY ?? 640,
    engine: e.GALLEY_ENGINE ?? 'auto',
    deviceMemoryMiB: e.GALLEY_DEVICE_MEMORY ?? 4096,
    threads: e.GALLEY_THREADS,
    log: e.GALLEY_LOG ?? 'warn',
    workspace: e.GALLEY_WORKSPACE ?? 'default',
    alerts: e.GALLEY_ALERTS,
    coreHour: priceOf(e.GALLEY_CORE_HOUR),
    lineage: collectorOf(e),
    traces: tracesOf(e),
    lineageNamespace: namespaceOf(e),
    language: e.LANG?.toLowerCase().startsWith('ko') ? 'ko' : 'en',
    color: e.NO_COLOR === undefined,
  }
}

type Given = z.output<typeof Environment>
const namespaceOf = (e: Given): string => e.OPENLINEAGE_NAMESPACE ?? 'galley'

function priceOf(text: string | undefined): Price | undefined {
  const [amount, currency] = text?.split(' ') ?? []
  return amount === undefined ? undefined : { amount: Number(amount), currency }
}

function collectorOf(e: Given): LineageCollector | undefined {
  if (e.OPENLINEAGE_URL === undefined || e.OPENLINEAGE_DISABLED === 'true') return undefined
  const under = e.OPENLINEAGE_URL.endsWith('/') ? e.OPENLINEAGE_URL : `${e.OPENLINEAGE_URL}/`
  const url = new URL((e.OPENLINEAGE_ENDPOINT ?? 'api/v1/lineage').replace(/^\//, ''), under).href
  if (e.OPENLINEAGE_API_KEY !== undefined) remember(e.OPENLINEAGE_API_KEY)
  return { url, apiKey: e.OPENLINEAGE_API_KEY, namespace: namespaceOf(e) }
}

/** As OpenTelemetry's exporters read them; none where they are to speak gRPC, which is not spoken here. */
function tracesOf(e: Given): TraceCollector | undefined {
  const base = e.OTEL_EXPORTER_OTLP_ENDPOINT
  const url = e.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? (base && `${base.replace(/\/$/, '')}/v1/traces`)
  const protocol = e.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? e.OTEL_EXPORTER_OTLP_PROTOCOL
  const off = e.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || e.OTEL_TRACES_EXPORTER === 'none'
  if (url === undefined || off || protocol === 'grpc') return undefined
  const given = e.OTEL_EXPORTER_OTLP_TRACES_HEADERS ?? e.OTEL_EXPORTER_OTLP_HEADERS ?? ''
  return { url, headers: headersOf(given), service: e.OTEL_SERVICE_NAME ?? 'galley' }
}

/** `name=value` with commas between, values encoded as in a URL. @throws CONFIG_INVALID */
function headersOf(text: string): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair.trim() !== '')
  return Object.fromEntries(
    pairs.map((pair, i) => {
      const [, name = '', value = ''] = /^\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*([\x20-\x7e]*?)\s*$/.exec(pair) ?? []
      let said: string | undefined
      try {
        said = decodeURIComponent(value)
      } catch {}
      if (name === '' || said === undefined || /[\r\n\0]/.test(said))
        throw new GalleyError('CONFIG_INVALID', {
          what: 'the environment variable OTEL_EXPORTER_OTLP_HEADERS is not usable',
          why: `its ${i + 1}. header is not of the form name=value, with the value encoded as in a URL`,
          fix: 'correct it or unset it',
        })
      if (said.length > 3) remember(said)
      return [name.toLowerCase(), said]
    }),
  )
}

/** True when GALLEY_LOG asks for stacks; usable where the rest of the configuration may be wrong. */
export const debugging = (): boolean => process.env['GALLEY_LOG'] === 'debug'

/** Graphics drivers look for a folder of the session, and complain on stderr where none is named: `otherwise` is as good. */
export function nameRuntimeFolder(otherwise: string): void {
  process.env['XDG_RUNTIME_DIR'] ||= otherwise
}

/** The graphics drivers that are named for this process, in the ways of Vulkan's loader, the newer first; empty when none is. */
export const graphicsDriver = (): string => process.env['VK_DRIVER_FILES'] || process.env['VK_ICD_FILENAMES'] || ''

const SECRET = 'GALLEY_SECRET_'

/** Where secrets are: variables by the name after `GALLEY_SECRET_`, and a folder of files; read when one is needed. */
export function secretEnvironment(env: NodeJS.ProcessEnv = process.env): {
  readonly variables: Readonly<Record<string, string>>
  readonly folder: string | undefined
} {
  const named = Object.entries(env).filter(([name, value]) => name.startsWith(SECRET) && value !== undefined)
  const variables = Object.fromEntries(named.map(([name, value]) => [name.slice(SECRET.length), value as string]))
  return { variables: Object.assign(Object.create(null), variables), folder: env['GALLEY_SECRETS'] || undefined }
}

/** Hosts (`host` or `host:port`, with commas) that sources may reach although they are on a private network. */
export const allowPrivate = (): string | undefined => process.env['GALLEY_ALLOW_PRIVATE']

/** What engines of containers are told by the environment; it is no part of what a program within one is given. */
export const CONTAINER_VARIABLES: readonly string[] = ['PATH', 'HOME', 'XDG_RUNTIME_DIR', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'TMPDIR', 'CONTAINERS_CONF', 'CONTAINERS_STORAGE_CONF', 'CONTAINER_HOST', 'REGISTRY_AUTH_FILE', 'DOCKER_HOST', 'DOCKER_CONFIG', 'DOCKER_CONTEXT', 'DOCKER_CERT_PATH', 'DOCKER_TLS_VERIFY'] // biome-ignore format: one line

export const containerEnvironment = (): Record<string, string> => {
  const said = CONTAINER_VARIABLES.flatMap((name) => (process.env[name] ? [[name, process.env[name]] as const] : []))
  return { PATH: searchPath(), ...Object.fromEntries(said) }
}

/** Where programs are looked for by their names. */
export const searchPath = (): string => process.env['PATH'] || '/usr/local/bin:/usr/bin:/bin'
