/** Family names, the more frequent ones several times, about as in the census of 2015. */
export const FAMILY = [
  ...'김김김김김김김이이이이이박박박최최정정강조윤장임한오서신권황안송전홍유고문양손배백허남심노하',
] as const
/** Syllables that given names are made of. */
export const FIRST = [...'가나다도라로민바보서세소수시아예우유윤은이재정주준지진채태하한현혜호효희'] as const
export const SECOND = [...'경규나늘담라람래름린미빈서선성솔수아언연영온우원율은인재준진찬표하한현호훈'] as const

/** Places that do not exist. */
export const CITIES = [
  '가온시',
  '누리시',
  '다솜시',
  '라온시',
  '마루시',
  '벼리시',
  '아라시',
  '온새미시',
  '초롱시',
  '한울시',
] as const
export const DISTRICTS = ['나래구', '미리내구', '새론구', '슬기구', '여울구', '이든구', '푸르내구', '해오름구'] as const
export const STREETS = [
  '가람길',
  '꽃잠로',
  '노을길',
  '달빛로',
  '도담길',
  '별하로',
  '산들로',
  '시나브로길',
  '윤슬로',
  '한별로',
] as const
