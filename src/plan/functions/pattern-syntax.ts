/** The classes `\\p{…}` that RE2 has: Unicode's general categories and scripts of its version 15. */
export const CLASSES: ReadonlySet<string> = new Set(
  `Adlam Ahom Anatolian_Hieroglyphs Any Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid C
Canadian_Aboriginal Carian Caucasian_Albanian Cc Cf Chakma Cham Cherokee Chorasmian Co Common Coptic Cs Cuneiform Cypriot Cypro_Minoan Cyrillic
Deseret Devanagari Dives_Akuru Dogra Duployan Egyptian_Hieroglyphs Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati
Gunjala_Gondi Gurmukhi Han Hangul Hanifi_Rohingya Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited Inscriptional_Pahlavi
Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kawi Kayah_Li Kharoshthi Khitan_Small_Script Khmer Khojki Khudawadi L Lao Latin Lepcha Limbu
Linear_A Linear_B Lisu Ll Lm Lo Lt Lu Lycian Lydian M Mahajani Makasar Malayalam Mandaic Manichaean Marchen Masaram_Gondi Mc Me Medefaidrin
Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Mn Modi Mongolian Mro Multani Myanmar N Nabataean Nag_Mundari Nandinagari Nd
New_Tai_Lue Newa Nko Nl No Nushu Nyiakeng_Puachue_Hmong Ogham Ol_Chiki Old_Hungarian Old_Italic Old_North_Arabian Old_Permic Old_Persian Old_Sogdian
Old_South_Arabian Old_Turkic Old_Uyghur Oriya Osage Osmanya P Pahawh_Hmong Palmyrene Pau_Cin_Hau Pc Pd Pe Pf Phags_Pa Phoenician Pi Po Ps
Psalter_Pahlavi Rejang Runic S Samaritan Saurashtra Sc Sharada Shavian Siddham SignWriting Sinhala Sk Sm So Sogdian Sora_Sompeng Soyombo Sundanese
Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangsa Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Toto Ugaritic Vai
Vithkuqi Wancho Warang_Citi Yezidi Yi Z Zanabazar_Square Zl Zp Zs`.split(/\s+/),
)

/**
 * What a pattern asks that RE2 itself does not have, though its port to JavaScript has; undefined for none. RE2 finds \\B between the
 * bytes of a character, where there is no boundary of text.
 */
export function beyondRe2(pattern: string): string | undefined {
  let inClass = false
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]
    if (c === '\\') {
      const next = pattern[++i]
      if (next === 'Q' && !inClass) {
        const end = pattern.indexOf('\\E', i)
        i = end < 0 ? pattern.length : end + 1
      } else if (next === 'B' && !inClass) return "'\\\\B' is not in it"
      else if (next === 'p' || next === 'P') {
        const [, named, letter] = /^(?:\{\^?([^}]*)\}|(.))/s.exec(pattern.slice(i + 1)) ?? []
        const name = named ?? letter ?? ''
        if (!CLASSES.has(name)) return `it has no class '\\${next}{${name}}'`
      }
    } else if (inClass) {
      if (c === '[' && pattern[i + 1] === ':') i = Math.max(i, pattern.indexOf(':]', i) + 1)
      else if (c === ']') inClass = false
    } else if (c === '[') {
      inClass = true
      if (pattern[i + 1] === '^') i++
      // a bracket that comes first stands for itself
      if (pattern[i + 1] === ']') i++
    } else if (pattern.startsWith('(?<', i))
      return "a group's name is written (?P<name>…), and look-behind is not in it"
  }
  return undefined
}
