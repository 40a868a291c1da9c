import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { baseline, byTime, csv, logistic, naiveBayes, recipe, tfIdf } from '../../src/index.ts'
import { openEndpoint } from '../../src/ml/serving/endpoint.ts'
import type { TrainOutput } from '../../src/ml/training/step.ts'
import { recipeRunner } from '../recipe-runner.ts'

const runner = recipeRunner('text')
const SAYS = {
  배송: ['택배가 아직 도착하지 않았어요', '배송이 너무 늦어요', '주문한 물건이 다른 주소로 갔습니다', 'where is my parcel', 'the delivery is late again', '송장 번호가 조회되지 않아요'],
  환불: ['환불을 받고 싶어요', '결제가 두 번 되었습니다', '카드 취소가 안 됐어요', 'please refund my order', 'I was charged twice', '돈을 돌려주세요'],
  로그인: ['비밀번호를 잊어버렸어요', '로그인이 안 됩니다', '계정이 잠겼습니다', 'I forgot my password', 'cannot sign in to my account', '인증 메일이 오지 않아요'],
} // biome-ignore format: one line
const FILL = [
  '안녕하세요',
  '빨리요',
  'hello',
  '부탁드립니다',
  'thanks',
  '어제부터',
  '감사합니다',
  'today',
  '문의드려요',
  '',
]

beforeAll(() => {
  const lines = ['at,topic,text']
  for (let i = 0; i < 900; i++) {
    const topics = Object.entries(SAYS)
    const [topic, says] = topics[(i * 7 + (i >> 3)) % topics.length] as [string, string[]]
    const [before, after] = [FILL[(i * 3) % FILL.length], FILL[(i * 5 + 1) % FILL.length]]
    const at = new Date(Date.UTC(2026, 0, 1) + i * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
    lines.push(`${at},${topic},${before} ${says[(i * 11 + (i >> 2)) % says.length]} ${after}`)
  }
  writeFileSync(join(runner.galley().store.home.path, 'tickets.csv'), `${lines.join('\n')}\n`)
})

test('texts in Korean and English are told apart by their terms, from the file to a live endpoint', async () => {
  const made = recipe('tickets', (k) => {
    const file = join(runner.galley().store.home.path, 'tickets.csv')
    const raw = k.source('raw', csv(file, { at: 'local timestamp', topic: 'string', text: 'string' }))
    const tickets = k.dataset(
      'tickets',
      raw.derive((r) => ({ letters: r.text.length() })),
      {
        moment: 'at',
        split: byTime('at', { train: ['2026-01-01', '2026-01-25'], validate: ['2026-01-25', '2026-02-01'], test: ['2026-02-01', '2026-03-01'] }), // biome-ignore format: one line
      },
    )
    const model = k.train('topic', tickets, {
      target: 'topic',
      features: ['letters'],
      fit: [tfIdf(['text'], { by: 'characters', ngrams: [2], max: 150 })],
      candidates: [baseline(), naiveBayes(), logistic()],
      gate: (m) => m.validate.accuracy.gt(m.baseline.validate.accuracy.plus(0.3)),
    })
    k.serve('topic-live', model, { entry: 'raw', input: ['at', 'text'] })
  })
  const { outputs } = await runner.run(made)
  const { chosen, candidates } = outputs.get('topic') as TrainOutput
  expect(chosen.trainer).not.toBe('baseline')
  for (const { trainer, test: report } of candidates)
    if (trainer !== 'baseline') expect([trainer, (report as unknown as { accuracy: number }).accuracy]).toEqual([trainer, expect.toSatisfy((a: number) => a > 0.95)]) // biome-ignore format: one line
  const g = runner.galley()
  const about = {
    store: g.store,
    duckdb: g.duckdb,
    scope: await g.scope(),
    clock: g.clock,
    log: g.log,
    ephemeral: true,
  }
  const live = await openEndpoint(about, 'topic-live')
  // sentences that are in no row
  const asked = ['배송 조회가 안 돼요', 'refund please, charged twice', '비밀번호 인증이 안 됩니다']
  const answers = await live.predict(asked.map((text) => ({ at: '2026-03-02 00:00:00', text })))
  const why = await live.explain(
    [{ at: '2026-03-02 00:00:00', text: '환불 부탁드립니다' }],
    new AbortController().signal,
  )
  await live.close()
  expect(answers.map((a) => a.class)).toEqual(['배송', '환불', '로그인'])
  const most = Object.entries(why[0]?.contributions ?? {}).sort(([, a], [, b]) => b - a)
  expect(why[0]?.class).toBe('환불')
  expect(most[0]?.[0]).toMatch(/^text~/)
})
