import { numberOf, type Row } from './columns.ts'
import type { ColumnProfile, Personal } from './types.ts'

/** Values of a sample that are looked at, the most frequent first. */
export const LOOKED_AT = 2000
/** Share of values that must have the form. */
const LIKELY = 0.5
/** Characters of a text whose shape is told. */
const SHAPED = 40

type Form = Exclude<Personal['kind'], 'name'>

const DIGITS = /^[0-9]+$/
const FORMS: readonly { readonly kind: Form; readonly holds: (text: string) => boolean }[] = [
  { kind: 'resident number', holds: isResidentNumber },
  { kind: 'card', holds: isCard },
  { kind: 'e-mail', holds: (t) => /^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}$/.test(t) },
  {
    kind: 'phone',
    holds: (t) =>
      /^(\+82[- ]?|0)(1[016789]|2|[3-6][1-5]|70)[-. ]?[0-9]{3,4}[-. ][0-9]{4}$|^01[016789][0-9]{7,8}$|^\+[1-9][0-9]{0,2}[- ][0-9][0-9 -]{6,13}$/.test(
        t,
      ),
  },
]

/** Words of columns' names that hint at personal data. */
const NAMES: readonly (readonly [Personal['kind'], RegExp])[] = [
  ['resident number', /주민|resident.?(reg|no|num)|\brrn\b|\bssn\b/i],
  ['phone', /전화|휴대|연락처|phone|mobile|\btel\b/i],
  ['e-mail', /이메일|메일|e.?mail/i],
  ['card', /카드.?번호|card.?(no|num)/i],
  ['name', /성명|^이름$|고객명|(first|last|full|customer|user|person).?name|주소|address|생년월일|birth/i],
]

/** Korean resident registration number: a date, a digit from 1 to 8, and the check digit (weights 2 to 9, 2 to 5; eleven minus the rest). Numbers given from October 2020 on have no check digit, and are not seen by it. */
export function isResidentNumber(text: string): boolean {
  const found = /^([0-9]{2})([0-9]{2})([0-9]{2})-?([1-8][0-9]{6})$/.exec(text)
  if (!found) return false
  const [month, day] = [Number(found[2]), Number(found[3])]
  if (month < 1 || month > 12 || day < 1 || day > 31) return false
  const digits = [...text.replace('-', '')].map(Number)
  const sum = digits.slice(0, 12).reduce((s, d, i) => s + d * ((i % 8) + 2), 0)
  // of foreigners (5 to 8) the digit is two more
  const foreign = Number(found[4]?.[0]) >= 5 ? 2 : 0
  return (((11 - (sum % 11)) % 10) + foreign) % 10 === digits[12]
}

/** A payment card: 13 to 19 digits with Luhn's check digit (ISO/IEC 7812), and not all of them the same. */
export function isCard(text: string): boolean {
  const digits = text.replaceAll(/[ -]/g, '')
  if (digits.length < 13 || digits.length > 19 || !DIGITS.test(digits) || /^(.)\1*$/.test(digits)) return false
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const d = Number(digits[digits.length - 1 - i]) * (i % 2 === 0 ? 1 : 2)
    sum += d > 9 ? d - 9 : d
  }
  return sum % 10 === 0
}

/** What speaks for personal data: most values have a form, or the column's name says so. */
export function personalOf(
  name: string,
  kind: ColumnProfile['kind'],
  type: string,
  key: string,
  rows: readonly Row[],
): Personal | undefined {
  const byName = NAMES.find(([, pattern]) => pattern.test(name))?.[0]
  const whole = type === 'int64'
  if (kind === 'text' || whole) {
    const values = looked(rows, key)
    const total = values.reduce((sum, v) => sum + v.n, 0)
    for (const form of whole ? FORMS.slice(0, 2) : FORMS) {
      const fits = values.reduce((sum, v) => sum + (form.holds(v.text) ? v.n : 0), 0)
      // a number passes Luhn's test once in ten by chance
      if (total >= 5 && fits / total >= (whole ? 0.9 : LIKELY))
        return { kind: form.kind, share: Math.round((fits / total) * 1e4) / 1e4, byName: byName === form.kind }
    }
  }
  return byName && kind !== 'bool' ? { kind: byName, share: 0, byName: true } : undefined
}

/** The shape of a text: 9 for a digit, a and A for Latin letters, 가 for Hangul; spaces and signs stay. */
export function shapeOf(text: string): string {
  const shape = text
    .slice(0, SHAPED)
    .replaceAll(/[0-9]/g, '9')
    .replaceAll(/[a-z]/g, 'a')
    .replaceAll(/[A-Z]/g, 'A')
    .replaceAll(/[가-힣]/g, '가')
  return text.length > SHAPED ? `${shape}…` : shape
}

/** The commonest shapes of a text column's sample with their shares; none where texts have too many. */
export function patternsOf(key: string, rows: readonly Row[]): { pattern: string; share: number }[] {
  const shapes = new Map<string, number>()
  let total = 0
  for (const { text, n } of looked(rows, key)) {
    const shape = shapeOf(text)
    shapes.set(shape, (shapes.get(shape) ?? 0) + n)
    total += n
  }
  return [...shapes]
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .slice(0, 5)
    .map(([pattern, n]) => ({ pattern, share: n < total ? Math.min(Math.round((n / total) * 1e4), 9999) / 1e4 : 1 }))
    .filter((p) => p.share >= 0.01)
}

const looked = (rows: readonly Row[], key: string): { text: string; n: number }[] =>
  rows
    .flatMap((r) =>
      r[key] === null || r[key] === undefined ? [] : [{ text: String(r[key]), n: numberOf(r['n']) ?? 0 }],
    )
    .sort((a, b) => b.n - a.n || (a.text < b.text ? -1 : 1))
    .slice(0, LOOKED_AT)
