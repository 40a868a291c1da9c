import { call, col, lit } from '../../expr.ts'
import { build } from '../../nodes.ts'
import {
  both,
  count,
  derive,
  type Example,
  filter,
  int,
  join,
  number,
  over,
  parsed,
  pick,
  ranked,
  reject,
  rolled,
  sort,
  t,
  u,
} from './samples.ts'

/** Where a condition may go, and where it must not. */
export const FILTERS: Readonly<Record<string, readonly Example[]>> = {
  'merge-filters': [
    ['two filters', filter(filter(t, over('i')), col('b')), filter(t, both(over('i'), col('b')))],
    [
      'two rejections',
      reject(reject(t, over('i'), 'p'), col('b'), 'q'),
      reject(t, call('or', over('i'), col('b')), 'p · q'),
    ],
    [
      'one that may fail, over one that may be null',
      filter(filter(t, col('b')), call('gt', number, int(1))),
      undefined,
    ],
    ['one that reads what failed, over one that may be null', filter(filter(parsed, col('b')), over('n')), undefined],
    [
      'one that may fail, over one that is never null',
      filter(filter(t, call('isNull', col('b'))), call('gt', number, int(1))),
      filter(t, both(call('isNull', col('b')), call('gt', number, int(1)))),
    ],
  ],
  'filter-below-columns': [
    [
      'a column that goes through',
      filter(derive(t, [['y', number]]), over('i')),
      derive(filter(t, over('i')), [['y', number]]),
    ],
    [
      'a cheap column',
      filter(derive(t, [['y', call('neg', col('x'))]]), over('y')),
      derive(filter(t, call('gt', call('neg', col('x')), int(5))), [['y', call('neg', col('x'))]]),
    ],
    [
      'a renamed column',
      filter(build({ op: 'select', input: t, columns: [['z', col('i')]] }), over('z')),
      build({ op: 'select', input: filter(t, over('i')), columns: [['z', col('i')]] }),
    ],
    ['a dear column stays', filter(parsed, over('n')), undefined],
  ],
  'filter-below-order': [
    ['below a sort', filter(sort(t), col('b')), sort(filter(t, col('b')))],
    ['below a rejection', filter(reject(t, over('i')), col('b')), reject(filter(t, col('b')), over('i'))],
    ['what may fail stays above a rejection', filter(reject(t, over('i')), call('gt', number, int(1))), undefined],
    ['not below a limit', filter(build({ op: 'limit', input: sort(t), count: 3 }), col('b')), undefined],
  ],
  'filter-below-sets': [
    [
      'both sides of a union',
      filter(build({ op: 'union', left: t, right: pick(t, ...t.schema.map((f) => f.name)) }), col('b')),
      build({
        op: 'union',
        left: filter(t, col('b')),
        right: filter(pick(t, ...t.schema.map((f) => f.name)), col('b')),
      }),
    ],
    [
      'below a distinct',
      filter(build({ op: 'distinct', input: t }), over('x')),
      build({ op: 'distinct', input: filter(t, over('x')) }),
    ],
    [
      'what tells −0 from 0 stays above a distinct',
      filter(build({ op: 'distinct', input: t }), call('lt', call('div', int(1), col('x')), int(0))),
      undefined,
    ],
  ],
  'filter-below-joins': [
    [
      'the side that it reads',
      filter(join('inner'), both(over('i'), over('y'))),
      build({ op: 'join', left: filter(t, over('i')), right: filter(u, over('y')), on: [['k', 'uk']], how: 'inner' }),
    ],
    ['not the right side of a left join', filter(join('left'), over('y')), undefined],
    ['what may fail stays above a join that drops rows', filter(join('inner'), call('gt', number, int(1))), undefined],
    [
      'what may fail moves below one that keeps them',
      filter(join('left'), call('gt', number, int(1))),
      join('left', filter(t, call('gt', number, int(1)))),
    ],
    ['what reads a value that failed stays', filter(join('semi', parsed), over('n')), undefined],
    ['an as-of keeps its left rows', filter(rolled(t, 'n'), col('b')), rolled(filter(t, col('b')), 'n')],
  ],
  'filter-below-groups': [
    ['what reads only keys', filter(count(t), call('isNull', col('k'))), count(filter(t, call('isNull', col('k'))))],
    ['what reads a count stays', filter(count(t), over('n')), undefined],
    [
      'a float key that it could tell from an equal one',
      filter(count(t, ['x']), call('lt', call('div', int(1), col('x')), int(0))),
      undefined,
    ],
    [
      'whole groups of a window',
      filter(ranked(t, 'r', 'rowNumber'), call('eq', col('k'), lit('a', 'string'))),
      ranked(filter(t, call('eq', col('k'), lit('a', 'string'))), 'r', 'rowNumber'),
    ],
    ['a window needs the rows of its groups', filter(ranked(t, 'r'), over('i')), undefined],
  ],
  'order-conditions': [
    [
      'a regular expression comes last',
      filter(t, both(call('matches', col('s'), lit('^a', 'string')), over('i'))),
      filter(t, both(over('i'), call('matches', col('s'), lit('^a', 'string')))),
    ],
    ['what is in order stays', filter(t, both(over('i'), call('matches', col('s'), lit('^a', 'string')))), undefined],
  ],
}
