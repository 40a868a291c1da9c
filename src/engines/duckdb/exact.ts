import type { DuckDBConnection } from '@duckdb/node-api'
import { GalleyError } from '../../base/errors.ts'
import { col, columnsOf, type Expr } from '../../plan/expr.ts'
import { build, type Named, type Node } from '../../plan/nodes.ts'
import { printExpr } from '../../plan/print.ts'
import { isOrdered, type Schema } from '../../plan/types.ts'
import { ofValue } from './failures.ts'
import { lower } from './lower.ts'
import { overflown } from './overflow.ts'
import { failureOf, sqlExpr } from './sql/expr.ts'
import { named, quote } from './sql/names.ts'
import { parts, useName, withParts } from './uses.ts'

/**
 * A plan run node by node, so that what fails raises only where a surviving row uses it. It is slow, and asked for when
 * the plain query failed: DuckDB computes an expression for every row that it likes, dropped later or not. Each node is a
 * temporary table; a column that failed somewhere has a second one that marks where.
 */
export interface Exact {
  /** Gives the result in its order. */
  readonly sql: string
}

interface Table {
  /** Reads the temporary table: the node's columns, marks and order columns. */
  readonly scan: Node
  /** The mark column of each column that failed in some row. */
  readonly marks: ReadonlyMap<string, Mark>
  readonly order: readonly { readonly column: string; readonly descending: boolean }[]
}

interface Mark {
  readonly column: string
  readonly error: GalleyError
}

const MARK = '__bad'

export async function runExact(connection: DuckDBConnection, root: Node): Promise<Exact> {
  let tables = 0
  const names = new Map<Node, string>()
  const done = new Map<Node, Promise<Table>>()
  const query = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJson()

  /** Writes a query's rows down; `schema` are its columns. */
  const keep = async (sql: string, schema: Schema): Promise<Node> => {
    const name = `exact_${++tables}`
    await connection.run(`CREATE TEMP TABLE ${name} AS ${sql}`)
    const scan = build({ op: 'scan', from: { kind: 'step', name }, schema })
    names.set(scan, name)
    return scan
  }
  const from = (t: Table): string => names.get(t.scan) ?? ''
  const modeOf = (t: Table) => ({ lenient: true, marks: new Map([...t.marks].map(([c, m]) => [c, m.column])) })

  /** Raises when an expression failed for one of the rows. */
  const use = async (t: Table, exprs: readonly Expr[], where: string): Promise<void> => {
    for (const e of exprs) {
      const failed = failureOf(e, t.scan.schema, modeOf(t))
      if (failed) await raiseIf(t, e, failed, where)
    }
  }
  const raiseIf = async (t: Table, e: Expr, failed: string, where: string): Promise<void> => {
    const found = await describe(t, e, failed, where)
    if (found) throw found
  }
  const describe = async (t: Table, e: Expr, failed: string, where: string): Promise<GalleyError | undefined> => {
    const reads = columnsOf(e)
    const marked = reads.flatMap((c) => t.marks.get(c) ?? [])
    const columns = [
      ...reads.map((c) => `CAST(${quote(c)} AS VARCHAR) AS ${quote(c)}`),
      ...marked.map((m) => quote(m.column)),
    ]
    const [row] = await query(
      `SELECT count(*) OVER () AS "__n"${columns.map((c) => `, ${c}`).join('')} FROM ${from(t)} WHERE ${failed} LIMIT 1`,
    )
    if (!row) return undefined
    // what failed before is told as it was then
    const before = marked.find((m) => row[m.column] === true)
    if (before) return before.error
    const values = reads.map((c) => `${c} = ${row[c] === null ? 'null' : JSON.stringify(String(row[c]).slice(0, 60))}`)
    return new GalleyError('VALUE_INVALID', {
      what: `${printExpr(e)} fails in ${where}`,
      why: `for ${row['__n']} row${Number(row['__n']) === 1 ? '' : 's'}, for instance where ${values.join(', ') || 'it is a constant'}`,
      fix: 'correct the rows, or say what should happen: .orNull(), or .reject((r) => r.column.fails(), reason)',
      details: { node: where, reads },
    })
  }

  const visit = (n: Node): Promise<Table> => {
    let known = done.get(n)
    if (!known) done.set(n, (known = compute(n)))
    return known
  }

  /** Columns computed leniently beside a table's own, with a mark for those that failed somewhere. */
  const computed = async (t: Table, columns: Named<Expr>, kept: Schema, where: string): Promise<Table> => {
    const mode = modeOf(t)
    const marks = new Map([...t.marks].filter(([name]) => kept.some((f) => f.name === name)))
    const added: string[] = []
    const extra: Schema[number][] = []
    for (const [name, e] of columns) {
      marks.delete(name)
      const failed = failureOf(e, t.scan.schema, mode)
      const error = failed && (await describe(t, e, failed, `${where} of '${name}'`))
      if (!failed || !error) continue
      const column = `${MARK}${tables}_${added.length}`
      added.push(`${failed} AS ${quote(column)}`)
      extra.push({ name: column, type: 'bool', nullable: true })
      marks.set(name, { column, error })
    }
    const carried = t.scan.schema.filter(
      (f) => t.order.some((o) => o.column === f.name) || [...marks.values()].some((m) => m.column === f.name),
    )
    const own = columns.map(([name, e]) => named(sqlExpr(e, t.scan.schema, mode), name))
    const names = new Set(columns.map(([name]) => name))
    const through = [...kept.filter((f) => !names.has(f.name)), ...carried]
    const shape = build({ op: 'derive', input: t.scan, columns: columns.map(([name, e]) => [name, e]) })
    const schema = [...through, ...shape.schema.filter((f) => names.has(f.name)), ...extra]
    const sql = `SELECT ${[...through.map((f) => quote(f.name)), ...own, ...added].join(', ')} FROM ${from(t)}`
    return { ...t, scan: await keep(sql, schema), marks }
  }

  const compute = async (n: Node): Promise<Table> => {
    switch (n.op) {
      case 'scan':
        return { scan: await keep(lower(n).sql, n.schema), marks: new Map(), order: [] }
      case 'annotate':
        return visit(n.input)
      case 'filter':
      case 'reject': {
        const t = await visit(n.input)
        await use(t, [n.predicate], n.op)
        const holds = `(${sqlExpr(n.predicate, t.scan.schema, modeOf(t))})`
        const sql = `SELECT * FROM ${from(t)} WHERE ${holds} IS ${n.op === 'reject' ? 'NOT ' : ''}TRUE`
        return { ...t, scan: await keep(sql, t.scan.schema) }
      }
      case 'select':
        return computed(await visit(n.input), n.columns, [], 'select')
      case 'derive':
        return computed(await visit(n.input), n.columns, n.input.schema, 'derive')
      case 'sort': {
        const t = await visit(n.input)
        await use(
          t,
          n.keys.map((k) => k.by),
          'sort',
        )
        const keys = n.keys.map((k, i) => [`__order${tables}_${i}`, k.by] as const)
        const own = keys.map(([column], i) => ({ column, descending: n.keys[i]?.descending === true }))
        const sorted = await computed(t, keys, n.input.schema, 'sort')
        return { ...sorted, order: [...own, ...t.order] }
      }
      case 'limit': {
        const t = await visit(n.input)
        const ties = n.schema.filter((f) => isOrdered(f.type)).map((f) => ({ column: f.name, descending: false }))
        return {
          ...t,
          scan: await keep(
            `SELECT * FROM ${from(t)}${orderBy([...t.order.slice(0, n.input.op === 'sort' ? n.input.keys.length : undefined), ...ties])} LIMIT ${n.count}`,
            t.scan.schema,
          ),
        }
      }
      default:
        return several(n)
    }
  }

  /** A node that looks at more than one row: what it uses is computed and checked first, then it runs as always. */
  const several = async (n: Node): Promise<Table> => {
    if (n.op === 'union') return union(await visit(n.left), await visit(n.right), n)
    const marks = new Map<string, Mark>()
    const inputs: Node[] = []
    for (const [side, part] of parts(n).entries()) {
      const t = await visit(part.input)
      await use(t, [...part.keys.map(col), ...part.exprs], n.op)
      const kept = part.carries ? part.input.schema : part.input.schema.filter((f) => part.keys.includes(f.name))
      const uses = part.exprs.map((e, i) => [useName(i), e] as const)
      const ready = await computed({ ...t, order: [] }, uses, kept, n.op)
      // both sides of a join may be one table, whose marks have one name
      const renamed = new Map([...ready.marks].map(([name, m]) => [name, { ...m, column: `${m.column}_${side}` }]))
      const schema = ready.scan.schema.map((f) => {
        const mark = [...ready.marks].find(([, m]) => m.column === f.name)
        return mark ? { ...f, name: `${f.name}_${side}` } : f
      })
      const columns = ready.scan.schema.map((f, i) => named(quote(f.name), schema[i]?.name ?? f.name))
      inputs.push(await keep(`SELECT ${columns.join(', ')} FROM ${from(ready)}`, schema))
      if (part.carries) for (const [name, mark] of renamed) marks.set(name, mark)
    }
    const node = withParts(n, inputs)
    const left = [...marks].filter(([name]) => n.schema.some((f) => f.name === name))
    const kept = node.schema.filter(
      (f) => n.schema.some((g) => g.name === f.name) || left.some(([, m]) => m.column === f.name),
    )
    const lowered = (of: Node) => lower(of, { windows: false, tables: names, guarded: true }).sql
    const holds = (of: Node) =>
      query(`SELECT count(*) FROM (SELECT DISTINCT * FROM (${lowered(of)}))`).then(
        () => true,
        (error: unknown) => !ofValue(error),
      )
    const sql = lowered(node)
    const columns = kept.map((f) =>
      n.schema.some((g) => g.name === f.name) ? quote(f.name) : named(`coalesce(${quote(f.name)}, FALSE)`, f.name),
    )
    const scan = await keep(`SELECT ${columns.join(', ')} FROM (${sql})`, kept).catch(async (error: unknown) => {
      throw (ofValue(error) ? await overflown(n, node, holds) : undefined) ?? error
    })
    return { scan, marks: new Map(left), order: [] }
  }

  const union = async (left: Table, right: Table, n: Node): Promise<Table> => {
    const failed = n.schema.filter((f) => left.marks.has(f.name) || right.marks.has(f.name))
    const marks = new Map<string, Mark>()
    for (const [i, f] of failed.entries()) {
      const error = (left.marks.get(f.name) ?? right.marks.get(f.name))?.error as GalleyError
      marks.set(f.name, { column: `${MARK}${tables}_${i}`, error })
    }
    const side = (t: Table) => {
      const own = [...marks].map(([name, m]) =>
        named(t.marks.has(name) ? quote(t.marks.get(name)?.column ?? '') : 'FALSE', m.column),
      )
      return `SELECT ${[...n.schema.map((f) => quote(f.name)), ...own].join(', ')} FROM ${from(t)}`
    }
    const extra = [...marks.values()].map((m): Schema[number] => ({ name: m.column, type: 'bool', nullable: false }))
    return { scan: await keep(`${side(left)} UNION ALL ${side(right)}`, [...n.schema, ...extra]), marks, order: [] }
  }

  const last = await visit(root)
  await use(
    last,
    root.schema.map((f) => col(f.name)),
    'the result',
  )
  return { sql: `SELECT ${root.schema.map((f) => quote(f.name)).join(', ')} FROM ${from(last)}${orderBy(last.order)}` }
}

function orderBy(order: Table['order']): string {
  const by = order.map((o) => `${quote(o.column)} ${o.descending ? 'DESC' : 'ASC'} NULLS LAST`)
  return by.length > 0 ? ` ORDER BY ${by.join(', ')}` : ''
}
