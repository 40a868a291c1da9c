import { fileURLToPath } from 'node:url'
import { csv, recipe } from 'galley'

/** Orders as a shop's counter exports them, in CP949: dates in four styles, money with commas and 원, an order sent twice. */
export const koreanOrders = (file: string) =>
  recipe('korean-orders', (k) => {
    const raw = k.source(
      'orders-raw',
      csv(
        file,
        {
          주문번호: 'string',
          주문일: 'string',
          고객명: 'string',
          연락처: 'string',
          지역: 'string',
          상품: 'string',
          수량: 'int64',
          금액: 'string',
          메모: 'string',
        },
        // a line with a cell too many is set aside; more than one in a hundred, and the file is not what we think it is
        { broken: 'skip', mostBroken: '1%' },
      ),
    )

    // 2026-04-03, 2026.04.03, 2026/4/3 and 2026년 4월 3일: the year, the month or the day as a number
    const DAY = '^([0-9]{4})[-./년]\\s?([0-9]{1,2})[-./월]\\s?([0-9]{1,2})일?$'
    const read = raw.derive((r) => {
      const part = (group: number) => r.주문일.extract(DAY, group).cast('int64', { onError: 'null' })
      const digits = part(1).times(10_000).plus(part(2).times(100)).plus(part(3))
      return {
        ordered: digits.cast('string').parseTime('%Y%m%d').orNull(),
        amount: r.금액.replaceMatches('[,원￦₩ ]', '').cast('int64', { onError: 'null' }),
        region: r.지역.trim().replace('서울특별시', '서울'),
      }
    })

    const clean = k.step(
      'orders-clean',
      read
        .reject((r) => r.ordered.isNull(), '날짜가 아님 (not a date)')
        .reject((r) => r.amount.isNull(), '금액이 아님 (not an amount)')
        .reject((r) => r.수량.le(0), '수량이 없음 (no quantity)')
        .rename({
          주문번호: 'id',
          고객명: 'customer',
          연락처: 'phone',
          상품: 'product',
          수량: 'quantity',
          메모: 'note',
        })
        .select('id', 'ordered', 'customer', 'phone', 'region', 'product', 'quantity', 'amount', 'note'),
    )

    k.dataset('orders', clean, {
      moment: 'ordered',
      expect: (r, e) => [
        e.key('id').quarantine(),
        e.range(r.amount, { min: 0 }).quarantine(),
        e.notNull(r.customer).quarantine(),
        e.pattern(r.phone, '^010-[0-9]{4}-[0-9]{4}$'),
        e.notNull(r.phone, { mostly: 0.9 }).warn(),
        e.oneOf(r.region, [
          '서울',
          '부산',
          '대구',
          '인천',
          '광주',
          '대전',
          '울산',
          '세종',
          '제주',
          '수원',
          '성남',
          '창원',
        ]),
        e.range(r.quantity, { min: 1, max: 100 }),
        e.volume({ min: 300 }),
      ],
    })
  })

export default koreanOrders(fileURLToPath(new URL('orders.csv', import.meta.url)))
